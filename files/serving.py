"""A stored file as an HTTP answer: streamed, by ranges where asked, with headers that let nothing in it run."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import IO, Final
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase

from files import storing
from files.kinds import is_shown
from files.links import FRESH, THUMBNAIL, Variant
from files.models import File
from files.pictures import THUMBNAIL_TYPE

CHUNK: Final = 256 * 1024
# Opened by itself a file is in a place of its own, where no script runs and nothing is loaded.
POLICY: Final = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")


def answer(request: HttpRequest, schema: str, file: File, variant: Variant) -> HttpResponseBase:
    """The file, to whoever holds a good link. Raises FileNotFoundError."""
    type_, disposition = headers_of(file, variant)
    if not settings.FILES_ARE_LOCAL:
        return HttpResponseRedirect(_address(storing.path_of(schema, file, variant), type_, disposition))
    etag = f'"{file.key.hex}-{variant}"'
    if request.headers.get("If-None-Match") == etag:
        return _dressed(HttpResponse(status=304), etag)
    content = storing.read(schema, file, variant)
    size = content.seek(0, 2)
    asked = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    # Several ranges at once, and those of what is there no more, get all of it.
    partly = asked is not None and request.headers.get("If-Range", etag) == etag
    first, last = _span(asked, size) if asked and partly else (0, size - 1)
    if partly and first > last:
        content.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return _dressed(refused, etag)
    left = last - first + 1
    response = StreamingHttpResponse(
        _chunks(content, first, left), status=206 if partly else 200, content_type=type_
    )
    response["Content-Length"] = str(left)
    if partly:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = disposition
    return _dressed(response, etag)


def headers_of(file: File, variant: Variant) -> tuple[str, str]:
    """What it is served as, and how: what browsers do not simply show is downloaded, as nothing that
    they would open."""
    if variant == THUMBNAIL:
        return THUMBNAIL_TYPE, "inline"
    shown = is_shown(file.type)
    type_ = file.type if shown else "application/octet-stream"
    plain = re.sub(r"[^\w .()\[\]-]", "_", file.name, flags=re.ASCII)
    way = "inline" if shown else "attachment"
    return type_, f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"


def _dressed(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    # Sites of the workspace's own may show it, isolated ones too: the link is what lets them.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = f"private, max-age={FRESH}"
    return response


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    """The first and last byte that are wanted, the last before the first where there are none such."""
    first, last, suffix = asked.groups()
    if suffix is not None:
        return max(0, size - int(suffix)), size - 1
    return int(first), min(int(last or size - 1), size - 1)


async def _chunks(content: IO[bytes], first: int, left: int) -> AsyncIterator[bytes]:
    """The bytes, read in threads: a slow disk holds up nobody's sockets."""
    try:
        await asyncio.to_thread(content.seek, first)
        while left > 0 and (chunk := await asyncio.to_thread(content.read, min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    finally:
        content.close()


def _address(path: str, type_: str, disposition: str) -> str:
    """Where an object store serves it itself: a URL that it signed, with our headers in it."""
    signed: str = default_storage.url(  # type: ignore[call-arg]  # as the S3 storage takes it
        path,
        parameters={"ResponseContentType": type_, "ResponseContentDisposition": disposition},
        expire=FRESH,
    )
    return signed
