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
    if path.startswith(ROOM_PREFIX) and path.endswith("/") and is_room_name(name):
        return name
    raise SocketRefused(CloseCode.MALFORMED, _hint(path, name))


def _hint(path: str, name: str) -> str:
    """What is wrong with a path, short enough for a close frame."""
    if path.startswith(ROOM_PREFIX) and not is_room_name(name):
        return "A room is at /ws/chat/ROOM/; its name has 1 to 80 letters, digits, - or _."
    if path + "/" in (BASIC, ROOMS) or path.startswith(ROOM_PREFIX):
        return "The last slash is missing: a socket's path ends with one."
    return "There is no socket here. One room is at /ws/chat/ROOM/, many at /ws/, a check at /ws/basic/."


application = RefusalMiddleware(TenantMiddleware(PathMiddleware(JWTAuthMiddleware(_route))))
