"""Rooms."""

from typing import Literal

from asgiref.sync import async_to_sync
from django.db.models import Q, QuerySet
from ninja import Router, Schema
from pydantic import Field

from accounts.identity import Identity
from api.callers import ApiRequest, Key, KeyOrUser
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cursor_at, position_of
from realtime.events import stamp
from rooms import access
from rooms.actions import RoomExists, RoomLimitReached, create_room
from rooms.models import Room
from rooms.texts import is_room_name

router = Router(tags=["rooms"])


class NewRoom(Schema):
    name: str = Field(description="1 to 80 letters, digits, hyphens or underscores.", examples=["kitchen"])
    kind: Literal["public", "private", "direct", "support"] = Field("public", examples=["public"])
    title: str | None = Field(None, max_length=120, examples=["The kitchen"])


class RoomOut(Schema):
    name: str
    kind: str
    title: str
    last_seq: int
    archived: bool
    created_at: str

    @classmethod
    def of(cls, room: Room) -> "RoomOut":
        return cls(
            name=room.name,
            kind=room.kind,
            title=room.title,
            last_seq=room.last_seq,
            archived=room.archived_at is not None,
            created_at=stamp(room.created_at),
        )


@router.get("/rooms", response=Page[RoomOut], auth=KeyOrUser("rooms:read"))
def list_rooms(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[RoomOut]:
    """List rooms.

    Those that the caller may enter, oldest first.
    """
    rooms = open_to(request.auth).order_by("id")
    if (after := position_of(cursor)) is not None:
        rooms = rooms.filter(id__gt=after)
    found = list(rooms[: limit + 1])
    more = cursor_at(found[limit - 1].pk) if len(found) > limit else None
    return Page(data=[RoomOut.of(room) for room in found[:limit]], next=more)


@router.post("/rooms", response={201: RoomOut}, auth=Key("rooms:write"))
def make_room(request: ApiRequest, body: NewRoom) -> tuple[int, RoomOut]:
    """Make a room.

    409 `room_exists` where there is one of this name, 403 `room_limit_reached` where the plan has no more.
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
    return RoomOut.of(find_room(request, name))


def find_room(request: ApiRequest, name: str) -> Room:
    """The room, if the caller may enter it. Raises Problem or Refused."""
    if not is_room_name(name):
        raise Problem(404, "not_found", "There is no such room.")
    record = async_to_sync(access.enter)(request.tenant, request.auth, name)
    room = Room.objects.filter(id=record.id).first()
    if room is None:  # gone since it was last looked at
        raise Problem(404, "not_found", "There is no such room.")
    return room


def open_to(caller: Identity) -> QuerySet[Room]:
    """The rooms a caller may enter."""
    if caller.kind in ("bot", "staff"):
        return Room.objects.all()
    if caller.rooms is not None:
        return Room.objects.filter(name__in=caller.rooms)
    return Room.objects.filter(
        Q(kind=Room.Kind.PUBLIC) | Q(memberships__member_id=caller.member_id)
    ).distinct()
