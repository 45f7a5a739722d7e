"""How a socket is refused, so that whoever knocks can tell why."""

from typing import Final

import msgspec

from realtime.events import SUBPROTOCOL, CloseCode, ErrorCode
from realtime.scope import Scope, Send
from rooms.texts import Refused
from tenants import problems

_STATUS: Final[dict[int, int]] = {
    CloseCode.MALFORMED: 400,
    CloseCode.UNAUTHENTICATED: 401,
    CloseCode.TOO_MANY_CONNECTIONS: 429,
    CloseCode.FORBIDDEN: 403,
    CloseCode.NOT_FOUND: 404,
    CloseCode.FLOODING: 429,
    CloseCode.SUSPENDED: 402,
    CloseCode.INTERNAL: 503,
}


class SocketRefused(Exception):
    """This socket will not be opened, or not stay open: a close code and a sentence."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def as_refusal(refused: Refused) -> SocketRefused:
    """Where a command's refusal is about the socket as a whole."""
    code = CloseCode.NOT_FOUND if refused.code == ErrorCode.NOT_FOUND else CloseCode.FORBIDDEN
    return SocketRefused(code, refused.message)


async def refuse(scope: Scope, send: Send, refused: SocketRefused) -> None:
    """Refuse a socket that was not accepted yet.

    Our own clients are accepted and at once closed, so that a browser can read the code. Others are refused in the
    handshake, with a problem document where the server can send one.
    """
    if SUBPROTOCOL in scope.get("subprotocols", ()):
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        await send({"type": "websocket.close", "code": int(refused.code), "reason": _fitting(refused.reason)})
    elif "websocket.http.response" in (scope.get("extensions") or {}):
        await _respond(send, refused)
    else:
        await send({"type": "websocket.close", "code": int(refused.code)})


async def _respond(send: Send, refused: SocketRefused) -> None:
    status = _STATUS.get(refused.code, 503)
    body = problems.body(status, int(refused.code), refused.reason, close_code=int(refused.code))
    payload = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(payload)).encode()),
    ]
    if status == 429:
        headers.append((b"retry-after", b"10"))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": payload})


def _fitting(reason: str) -> str:
    """A close frame's reason has at most 123 bytes."""
    return reason.encode()[:123].decode(errors="ignore")
