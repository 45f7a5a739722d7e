"""Rooms."""

from collections.abc import Sequence
from typing import Annotated, Literal

from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, Key, KeyOrUser
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cut, position_of
from api.shapes import Body, RoomName, Title, Whole
from realtime.events import stamp
from rooms import access, unread
from rooms.actions import LastRoom, RoomExists, RoomLimitReached, change_room, create_room, delete_room
from rooms.actions.change_room import MOST_SLOW
from rooms.models import Room
from rooms.texts import is_room_name
from tenants.context import wait_for

router = Router(tags=["rooms"])


class NewRoom(Body):
    name: RoomName = Field(
        description="1 to 80 letters, digits, hyphens or underscores.", examples=["kitchen"]
    )
    kind: Literal["public", "private", "direct", "support"] = Field("public", examples=["public"])
    title: Title | None = Field(None, max_length=120, examples=["The kitchen"])


class RoomChanges(Body):
    """What is left out or null stays as it is."""

    title: Title | None = Field(None, max_length=120, examples=["The kitchen"])
    archived: Annotated[bool, Field(strict=True)] | None = Field(
        None,
        description="Nobody writes in an archived room; whoever may enter still reads it.",
        examples=[False],
    )
    slow_mode: Annotated[int, Field(strict=True, ge=0, le=MOST_SLOW), Whole] | None = Field(
        None,
        description="Seconds between two messages of one user, 0 for none. Moderators need not wait.",
        examples=[30],
    )


class RoomOut(Schema):
    name: str
    kind: str
    title: str
    last_seq: int
    archived: bool
    slow_mode: int = Field(description="Seconds between two messages of one user, 0 for none.")
    created_at: str
    unread: int | None = Field(
        description="What others have said since the caller last read here, counted up to 1,000; 0 in a public room "
        "that they never read. Null for API keys."
    )

    @classmethod
    def of(cls, room: Room, unread: int | None = None) -> "RoomOut":
        return cls(
            name=room.name,
            kind=room.kind,
            title=room.title,
            last_seq=room.last_seq,
            archived=room.archived_at is not None,
            slow_mode=room.slow_mode,
            created_at=stamp(room.created_at),
            unread=unread,
        )


@router.get("/rooms", response=Page[RoomOut], auth=KeyOrUser("rooms:read"))
def list_rooms(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[RoomOut]:
    """List rooms.

    Those that the caller may enter, oldest first.
    """
    rooms = Room.objects.filter(access.open_to(request.auth)).order_by("id")
    if (after := position_of(cursor)) is not None:
        rooms = rooms.filter(id__gt=after)
    found, more = cut(rooms, limit)
    return Page(data=_shown(request, found), next=more)


@router.post("/rooms", response={201: RoomOut}, auth=Key("rooms:write"))
def make_room(request: ApiRequest, body: NewRoom) -> tuple[int, RoomOut]:
    """Make a room.

    Its `kind` says who enters, for good. `public`: anyone, who is a member from their first message on. `support`: its
    members and all your staff. `private`: its members, owners and admins. `direct`: its members alone. API keys enter
    every room; a token with `rooms` enters those, of whichever kind. 409 `room_exists` where there is one of this name,
    403 `room_limit_reached` where the plan has no more.
    """
    try:
        room = create_room(body.name, body.kind, body.title or "", request.tenant.limits)
    except RoomExists:
        raise Problem(409, "room_exists", f"There is a room {body.name!r} already.") from None
    except RoomLimitReached as error:
        raise Problem(403, "room_limit_reached", str(error)) from None
    except ValueError as error:
        raise Problem(422, "invalid_field", str(error)) from None
    return 201, RoomOut.of(room)


@router.get("/rooms/{name}", response=RoomOut, auth=KeyOrUser("rooms:read"))
def get_room(request: ApiRequest, name: str) -> RoomOut:
    """Read a room."""
    return _shown(request, [find_room(request, name)])[0]


@router.patch("/rooms/{name}", response=RoomOut, auth=Key("rooms:write"))
def patch_room(request: ApiRequest, name: str, body: RoomChanges) -> RoomOut:
    """Change a room.

    Its title, its slow mode, and whether it is archived. Sockets in it follow at once.
    """
    room = find_room(request, name)
    try:
        change_room(room, title=body.title, archived=body.archived, slow_mode=body.slow_mode)
    except ValueError as error:
        raise Problem(422, "invalid_field", str(error)) from None
    return RoomOut.of(room)


@router.delete("/rooms/{name}", response={204: None}, auth=Key("rooms:write"))
def remove_room(request: ApiRequest, name: str) -> tuple[int, None]:
    """Delete a room.

    With all that was said in it, for good; its sockets are closed with 4004. A large room takes a second for every
    20,000 messages or so. 409 `last_room` for the only room of the workspace.
    """
    try:
        delete_room(find_room(request, name))
    except LastRoom:
        raise Problem(
            409, "last_room", "This is the workspace's only room. Make another one first."
        ) from None
    return 204, None


def find_room(request: ApiRequest, name: str) -> Room:
    """The room, if the caller may enter it. Raises Problem or Refused."""
    if not is_room_name(name):
        raise Problem(404, "not_found", "There is no such room.")
    record = wait_for(access.enter, request.tenant, request.auth, name)
    room = Room.objects.filter(id=record.id).first()
    if room is None:  # gone since it was last looked at
        raise Problem(404, "not_found", "There is no such room.")
    return room


def _shown(request: ApiRequest, rooms: Sequence[Room]) -> list[RoomOut]:
    """Rooms as the caller sees them."""
    if request.auth.is_bot:
        return [RoomOut.of(room) for room in rooms]
    ids = [room.pk for room in rooms]
    left = wait_for(unread.counts, request.tenant, ids, request.auth.member_id)
    return [RoomOut.of(room, left.get(room.pk, 0)) for room in rooms]
