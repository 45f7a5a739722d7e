"""Taking a room away for good, with all that was said in it. Runs inside the tenant's schema."""

from typing import Final

from django.db import transaction
from django.utils import timezone

from audit.kinds import Action
from audit.records import record
from files.actions import discard_of_room
from files.tasks import remove_files_of
from rooms import access
from rooms.models import Message, Reaction, Room, SearchEntry, SearchMark
from rooms.telling import tell_of_room
from tenants.context import schema_connection
from tenants.models import Tenant

AT_ONCE: Final = 2_000


class LastRoom(Exception):
    """It is the only room that the workspace has."""


def delete_room(room: Room) -> None:
    """Delete a room, its messages and memberships; its sockets are closed with 4004. Raises LastRoom.

    A workspace keeps one room, since there would be nowhere to talk. A large room takes a second for every
    20,000 messages or so: it is archived first, so that nobody adds to it, and emptied by AT_ONCE messages, so that
    no lock is held for long. Where that is cut short, an archived room is left, to be deleted again.
    """
    if not Room.objects.exclude(pk=room.pk).exists():
        raise LastRoom(room.name)
    if Room.objects.filter(pk=room.pk, archived_at=None).update(archived_at=timezone.now()):
        access.forget_everywhere(room.pk)
    while _delete_some_messages(room):
        pass
    with transaction.atomic():
        # The writer waits here, then finds no room.
        locked = Room.objects.select_for_update().filter(pk=room.pk).first()
        while _delete_some_messages(room):  # somebody may have opened it again meanwhile
            pass
        if discard_of_room(room.pk):
            tenant = Tenant.objects.get(schema_name=schema_connection().schema_name)
            remove_files_of.defer(tenant_id=tenant.pk)
        if locked is not None:
            tell_of_room("room.deleted", locked)
            locked.delete()  # and its SearchMark: whoever still indexes the room has then ended
            SearchEntry.objects.filter(room_id=room.pk)._raw_delete(SearchEntry.objects.db)
            record(Action.ROOM_DELETED, room.name, kind=room.kind, title=room.title, messages=locked.last_seq)
        access.forget_everywhere(room.pk)


@transaction.atomic
def _delete_some_messages(room: Room) -> bool:
    """False once there was none."""
    SearchMark.objects.select_for_update().filter(pk=room.pk).first()  # nobody indexes what goes now
    ids = list(room.messages.order_by("seq").values_list("pk", flat=True)[:AT_ONCE])
    Reaction.objects.filter(message__in=ids).delete()
    SearchEntry.objects.filter(pk__in=ids)._raw_delete(SearchEntry.objects.db)
    # One statement. `delete` would look for reactions once more and send a hundred ids at a time: six times as long.
    Message.objects.filter(pk__in=ids)._raw_delete(Message.objects.db)
    return bool(ids)
