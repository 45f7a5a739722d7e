"""What is settled about an HTTP request before Django sees it: its scheme, and how large it may be."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from tenants.problems import body

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MOST_BYTES: Final = 1024 * 1024


class _TooLarge(Exception):
    pass


class Edge:
    """Gives requests the public scheme, and refuses bodies of more than MOST_BYTES while they arrive."""

    def __init__(self, app: App, scheme: str) -> None:
        self.app = app
        # TLS ends in front of us. The configuration says so; a header could be sent by anyone.
        self.scheme = scheme

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        # Django checks a declared length alone, and writes a body that declares none to the disk, whatever its size.
        room = MOST_BYTES

        async def counted() -> Message:
            nonlocal room
            message = await receive()
            room -= len(message.get("body", b""))
            if room < 0:
                raise _TooLarge
            return message

        try:
            if _declared(scope) > MOST_BYTES:
                raise _TooLarge
            await self.app({**scope, "scheme": self.scheme}, counted, send)
        except _TooLarge:
            await _refuse(send)


def _declared(scope: dict[str, Any]) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


async def _refuse(send: Send) -> None:
    detail = f"A request may have at most {MOST_BYTES:,} bytes."
    content = msgspec.json.encode(body(413, "too_large", detail))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": content})
