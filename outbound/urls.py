"""Which URLs a customer may name: their form alone. Where a name leads is looked up at each request."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from outbound import addresses

MOST: Final = 2_000
_HTTPS: Final = 443
_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+\.?")
# What some programs read as an IPv4 address, and we as a name: 2130706433, 0x7f.1, 127.1.
_NUMERIC: Final = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?")
# Printable ASCII as it stands in a request line.
_PLAIN: Final = re.compile(r"[!-~]+")
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
# Names that no public server has.
_INNER: Final = (".localhost", ".local", ".internal", ".home.arpa", ".onion")


class Refused(ValueError):
    """A URL that is not taken; the text says why, for people."""


class Target(NamedTuple):
    """A URL as it will be called."""

    url: str
    scheme: str
    host: str  # an IPv6 address without its brackets
    port: int
    path: str  # and the query

    @property
    def authority(self) -> str:
        """What a Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": _HTTPS}[self.scheme] else f"{host}:{self.port}"


def checked(text: str, *, local_allowed: bool = False) -> Target:
    """A URL by its form. Raises Refused.

    With `local_allowed`, on a developer's machine, `http://localhost` and `http://127.0.0.1` are taken too.
    """
    url = text.strip()
    if not url or len(url) > MOST or not _PLAIN.fullmatch(url) or "\\" in url:
        raise Refused(
            f"A URL has 1 to {MOST:,} plain characters. Write it like https://shop.example.com/hooks."
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise Refused("This is not a URL. Write it like https://shop.example.com/hooks.") from None
    if parts.fragment or parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise Refused("Leave names, passwords and the part after # out of the URL.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    shown = f"[{host}]" if ":" in host else host
    if local_allowed and parts.scheme == "http" and shown in _LOCAL_NAMES:
        return Target(url, "http", host, port or 80, path)
    if parts.scheme != "https":
        raise Refused("The URL must begin with https://.")
    if port is not None and port != _HTTPS and port <= 1024:
        raise Refused("The port must be 443 or above 1024.")
    _check_host(host)
    return Target(url, "https", host.removesuffix("."), port or _HTTPS, path)


def _check_host(host: str) -> None:
    address = addresses.literal(host)
    if address is not None:
        if not addresses.is_public(address):
            raise Refused("This address is not on the public internet.")
        return
    if _NUMERIC.fullmatch(host) or not _NAME.fullmatch(host):
        raise Refused("The URL needs a full host name, such as shop.example.com.")
    if host.removesuffix(".").endswith(_INNER):
        raise Refused("This host is not on the public internet.")
