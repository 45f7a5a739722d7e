"""Changing a room. Runs inside the tenant's schema."""

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.names import storable
from audit.kinds import Action
from audit.records import record
from rooms import access
from rooms.models import Room
from rooms.telling import tell_of_room
from rooms.texts import MAX_TITLE

MOST_SLOW: Final = 6 * 3600


def change_room(
    room: Room, *, title: str | None = None, archived: bool | None = None, slow_mode: int | None = None
) -> Room:
    """Change what is given. Nobody writes in an archived room; everyone who could read it still can.

    `slow_mode` is in seconds, 0 for none. Raises ValueError with a sentence for bad input, Room.DoesNotExist where the
    room has gone meanwhile.
    """
    changed: dict[str, Any] = {}
    if title is not None:
        changed["title"] = check_title(title)
    if archived is not None and archived != (room.archived_at is not None):
        changed["archived_at"] = timezone.now() if archived else None
    if slow_mode is not None:
        if not 0 <= slow_mode <= MOST_SLOW:
            raise ValueError(f"slow_mode is 0 to {MOST_SLOW:,} seconds.")
        changed["slow_mode"] = slow_mode
    if changed:
        _change(room, changed)
    return room


@transaction.atomic
def _change(room: Room, changed: dict[str, Any]) -> None:
    if not Room.objects.filter(pk=room.pk).update(**changed):
        raise Room.DoesNotExist
    room.refresh_from_db()
    told = {name: value for name, value in changed.items() if name != "archived_at"}
    if "archived_at" in changed:
        told["archived"] = room.archived_at is not None
    record(Action.ROOM_CHANGED, room.name, **told)
    tell_of_room("room.updated", room)
    access.forget_everywhere(room.pk)


def check_title(title: str) -> str:
    """A room's title, trimmed. Raises ValueError."""
    title = title.strip()
    if len(title) > MAX_TITLE or not storable(title):
        raise ValueError(f"A room's title has at most {MAX_TITLE} ordinary characters.")
    return title
