"""Making a room. Runs inside the tenant's schema."""

from django.db import IntegrityError, transaction

from audit.kinds import Action
from audit.records import record
from rooms import access, quota
from rooms.actions.change_room import check_title
from rooms.models import Room
from rooms.telling import tell_of_room
from rooms.texts import is_room_name
from tenants.context import schema_connection
from tenants.entitlements import Limits


class RoomExists(Exception):
    """A room of this name is there already."""


class RoomLimitReached(Exception):
    """The plan's rooms are used up; the text says how many they are."""


def create_room(name: str, kind: str, title: str, limits: Limits) -> Room:
    """A new room. Raises RoomExists, RoomLimitReached, or ValueError with a sentence for bad input."""
    if not is_room_name(name):
        raise ValueError("A room's name has 1 to 80 letters, digits, hyphens or underscores.")
    if kind not in Room.Kind.values:
        raise ValueError(f"A room's kind is one of {', '.join(Room.Kind.values)}.")
    title = check_title(title)
    try:
        with transaction.atomic():
            quota.hold(schema_connection().schema_name)
            if Room.objects.filter(name=name).exists():
                raise RoomExists(name)
            if limits.max_rooms is not None and Room.objects.count() >= limits.max_rooms:
                raise RoomLimitReached(f"Your plan allows {limits.max_rooms} rooms, and all are in use.")
            room = Room.objects.create(name=name, kind=kind, title=title)
            record(Action.ROOM_CREATED, name, kind=kind, title=title)
            tell_of_room("room.created", room)
    except IntegrityError:
        raise RoomExists(name) from None
    access.forget()
    return room
