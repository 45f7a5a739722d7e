"""Which path is which socket. Written out, since an unrouted path must be a refusal and never an error."""

from typing import Any

from realtime.consumers import BasicConsumer, ChatRoomConsumer, MultiRoomConsumer
from realtime.events import CloseCode
from realtime.middleware import JWTAuthMiddleware, RefusalMiddleware, TenantMiddleware
from realtime.refusals import SocketRefused
from realtime.scope import Receive, Scope, Send
from rooms.texts import is_room_name

ROOM_PREFIX = "/ws/chat/"
ROOMS = "/ws/"
BASIC = "/ws/basic/"

_basic: Any = BasicConsumer.as_asgi()
_room: Any = ChatRoomConsumer.as_asgi()
_rooms: Any = MultiRoomConsumer.as_asgi()


class PathMiddleware:
    """Refuses a path that is no socket with MALFORMED, and puts `room_name` into the scope, before anyone is asked
    who they are."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.inner({**scope, "room_name": _room_of(scope["path"])}, receive, send)


async def _route(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == BASIC:
        await _basic(scope, receive, send)
    elif scope["identity"] is None:
        raise SocketRefused(CloseCode.UNAUTHENTICATED, "This socket needs a token.")
    elif scope["path"] == ROOMS:
        await _rooms(scope, receive, send)
    else:
        await _room(scope, receive, send)


def _room_of(path: str) -> str | None:
    """The room that a path names, None where it is a socket without one. Raises SocketRefused."""
    if path in (BASIC, ROOMS):
        return None
    name = path.removeprefix(ROOM_PREFIX).removesuffix("/")
    if not path.startswith(ROOM_PREFIX) or not path.endswith("/") or not is_room_name(name):
        raise SocketRefused(
            CloseCode.MALFORMED, "A room is at /ws/chat/ROOM/; its name has 1 to 80 letters, digits, - or _."
        )
    return name


application = RefusalMiddleware(TenantMiddleware(PathMiddleware(JWTAuthMiddleware(_route))))
