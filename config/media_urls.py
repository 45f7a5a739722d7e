"""MEDIA_URL: the object store in which files are kept."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

FORM = "s3://[KEY:SECRET@]BUCKET[/PREFIX][?region=REGION&endpoint=https://HOST]"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Media:
    """A bucket. Without a key of its own, the machine's own rights are used, as the AWS tools find them."""

    bucket: str
    prefix: str
    key: str | None
    secret: str | None = field(repr=False)
    region: str | None
    endpoint: str | None


def parse(url: str) -> Media:
    """The bucket that a MEDIA_URL names. Raises ValueError with a sentence that repeats nothing of it."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.hostname or "") or parts.fragment:
        raise ValueError(f"must look like {FORM}")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("holds a key without its secret, or a secret without its key")
    options = parse_qs(parts.query, keep_blank_values=True)
    if set(options) - {"region", "endpoint"} or any(len(values) > 1 for values in options.values()):
        raise ValueError(f"holds an option that there is not: it looks like {FORM}")
    endpoint = options.get("endpoint", [""])[0]
    if endpoint and (urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname):
        raise ValueError("holds an endpoint that is no http or https URL")
    return Media(
        bucket=parts.hostname or "",
        prefix=unquote(parts.path).strip("/"),
        key=unquote(parts.username) if parts.username else None,
        secret=unquote(parts.password) if parts.password else None,
        region=options.get("region", [""])[0] or None,
        endpoint=endpoint.rstrip("/") or None,
    )
