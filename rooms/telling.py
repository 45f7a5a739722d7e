"""Rooms and members as webhooks tell of them. Runs inside the tenant's schema, in the transaction of the change."""

from typing import Any

from realtime.events import stamp
from rooms.models import Membership, Room
from webhooks.actions import emit


def hold(room: Room) -> None:
    """Take the room's lock, as its writer does: events then stand in the order in which things happened. To be taken
    before memberships are touched: the writer has the room when it comes to them."""
    Room.objects.select_for_update(no_key=True).filter(pk=room.pk).values("pk").first()


def tell_of_room(type_: str, room: Room) -> None:
    """Owe `room.…` to whoever asked for it."""
    emit(type_, _shown(room), room_id=room.pk)


def tell_of_member(type_: str, membership: Membership) -> None:
    """Owe `member.…` to whoever asked for it."""
    room, member = membership.room, membership.member
    data = {
        "room": room.name,
        "external_id": member.external_id,
        "username": member.username,
        "role": membership.role,
        "joined_at": stamp(membership.joined_at),
    }
    emit(type_, data, room_id=room.pk)


def _shown(room: Room) -> dict[str, Any]:
    return {
        "name": room.name,
        "kind": room.kind,
        "title": room.title,
        "last_seq": room.last_seq,
        "archived": room.archived_at is not None,
        "slow_mode": room.slow_mode,
        "created_at": stamp(room.created_at),
    }
