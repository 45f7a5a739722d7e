"""Which path is which socket. Written out, since an unrouted path must be a refusal and never an error."""

from typing import Any

from realtime.consumers import BasicConsumer, ChatRoomConsumer
from realtime.consumers.base import Receive, Scope, Send
from realtime.events import CloseCode
from realtime.middleware import JWTAuthMiddleware, RefusalMiddleware, TenantMiddleware
from realtime.refusals import SocketRefused
from rooms.texts import is_room_name

ROOM_PREFIX = "/ws/chat/"

_basic: Any = BasicConsumer.as_asgi()
_room: Any = ChatRoomConsumer.as_asgi()


async def route(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand the socket to its consumer. Raises SocketRefused for a path that is none."""
    path: str = scope["path"]
    if path == "/ws/basic/":
        await _basic(scope, receive, send)
    elif path.startswith(ROOM_PREFIX):
        await _room({**scope, "room_name": _room_of(path)}, receive, send)
    else:
        raise SocketRefused(CloseCode.NOT_FOUND, "There is no socket at this path.")


async def _guarded(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["identity"] is None and scope["path"] != "/ws/basic/":
        raise SocketRefused(CloseCode.UNAUTHENTICATED, "This socket needs a token.")
    await route(scope, receive, send)


def _room_of(path: str) -> str:
    name = path.removeprefix(ROOM_PREFIX).removesuffix("/")
    if not path.endswith("/") or not is_room_name(name):
        raise SocketRefused(CloseCode.MALFORMED, "A room's name has 1 to 80 letters, digits, hyphens or underscores.")
    return name


application = RefusalMiddleware(TenantMiddleware(JWTAuthMiddleware(_guarded)))
