"""What is settled about an HTTP request before Django sees it: its scheme, and how large it may be."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from api import uploads
from tenants.problems import body

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MOST_BYTES: Final = 1024 * 1024
# What a form has around its file: the names of its parts, and the fields beside it.
_FRAMING: Final = 16 * 1024


class _TooLarge(Exception):
    pass


class Edge:
    """Gives requests the public scheme, and refuses bodies of more than MOST_BYTES while they arrive.

    A file may be as large as the plan allows, if whoever sends it has shown who they are: nobody else fills our disk.
    """

    def __init__(self, app: App, scheme: str) -> None:
        self.app = app
        # TLS ends in front of us. The configuration says so; a header could be sent by anyone.
        self.scheme = scheme

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        # Django checks a declared length alone, and writes a body that declares none to the disk, whatever its size.
        file = await _largest_file(scope)
        most = MOST_BYTES if file is None else file + _FRAMING
        room = most

        async def counted() -> Message:
            nonlocal room
            message = await receive()
            room -= len(message.get("body", b""))
            if room < 0:
                raise _TooLarge
            return message

        try:
            if _declared(scope) > most:
                raise _TooLarge
            await self.app({**scope, "scheme": self.scheme}, counted, send)
        except _TooLarge:
            await _refuse(send, file)


async def _largest_file(scope: Mapping[str, Any]) -> int | None:
    """How many bytes the file may have that this request brings; None where it may bring none."""
    if scope["path"] != uploads.UPLOAD or scope["method"] != "POST":
        return None
    return await uploads.largest_file(partial(_header, scope))


def _header(scope: Mapping[str, Any], wanted: str) -> str:
    found = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted.encode()]
    if wanted == "cookie":  # a proxy that speaks HTTP/2 may hand on each as a header of its own
        return "; ".join(found)
    return found[0] if len(found) == 1 else ""


def _declared(scope: dict[str, Any]) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


async def _refuse(send: Send, file: int | None) -> None:
    code, detail = "too_large", f"A request may have at most {MOST_BYTES:,} bytes."
    if file is not None:
        code, detail = uploads.TOO_LARGE, uploads.too_large(file)
    content = msgspec.json.encode(body(413, code, detail))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": content})
