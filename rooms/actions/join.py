"""Membership, given and taken. Runs inside the tenant's schema."""

from datetime import UTC, datetime
from typing import Final

from django.db import IntegrityError, transaction

from accounts.actions import known_user
from accounts.models import Member
from audit.kinds import Action
from audit.records import record
from realtime.events import stamp
from rooms import access
from rooms.models import Membership, Room
from rooms.telling import hold, tell_of_member

FOR_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


def add_member(room: Room, external_id: str, role: str = Membership.Role.MEMBER) -> tuple[Membership, bool]:
    """Make a user a member, creating an unknown user. Returns (membership, whether it is new).

    Raises names.BadName, ValueError for an unknown role, Room.DoesNotExist where the room has gone meanwhile.
    """
    if role not in Membership.Role.values:
        raise ValueError(f"A member's role is one of {', '.join(Membership.Role.values)}.")
    member = known_user(external_id)
    try:
        with transaction.atomic():
            membership, created = _put(room, member, role)
    except IntegrityError:
        raise Room.DoesNotExist from None
    access.forget_everywhere(room.id)
    return membership, created


def _put(room: Room, member: Member, role: str) -> tuple[Membership, bool]:
    hold(room)
    membership, created = Membership.objects.select_for_update().get_or_create(
        room=room, member=member, defaults={"role": role}
    )
    if created:
        tell_of_member("member.joined", membership)
        record(Action.MEMBER_ADDED, member.external_id, room=room.name, role=role)
    elif membership.role != role:
        membership.role = role
        membership.save(update_fields=["role"])
        record(Action.MEMBER_CHANGED, member.external_id, room=room.name, role=role)
    return membership, created


@transaction.atomic
def mute_member(membership: Membership, until: datetime | None) -> None:
    """Let a member only read until then (FOR_EVER is far enough); None lets them write again.

    Their open sockets follow at once. Raises Membership.DoesNotExist where it was taken away meanwhile.
    """
    if not Membership.objects.filter(pk=membership.pk).update(muted_until=until):
        raise Membership.DoesNotExist
    was_free, membership.muted_until = membership.muted_until is None, until
    person, room = membership.member.external_id, membership.room.name
    if until is None and not was_free:
        record(Action.MEMBER_UNMUTED, person, room=room)
    elif until is not None:
        record(Action.MEMBER_MUTED, person, room=room, until=stamp(until))
    access.forget_everywhere(membership.room_id)


@transaction.atomic
def remove_member(room: Room, external_id: str) -> bool:
    """Take a membership away, and close the sockets that stood on it; False where there was none."""
    hold(room)
    found = Membership.objects.select_related("member", "room").filter(
        room=room, member__external_id=external_id
    )
    if (membership := found.first()) is not None:
        tell_of_member("member.left", membership)
    removed, _ = found.delete()
    if removed:
        record(Action.MEMBER_REMOVED, external_id, room=room.name)
    access.forget_everywhere(room.id)
    return bool(removed)
