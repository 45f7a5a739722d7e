"""Membership, given and taken. Runs inside the tenant's schema."""

from datetime import datetime

from accounts.models import Member
from accounts.names import check_sub
from rooms import access
from rooms.models import Membership, Room


def add_member(room: Room, external_id: str, role: str = Membership.Role.MEMBER) -> tuple[Membership, bool]:
    """Make a user a member, creating an unknown user. Returns (membership, whether it is new).

    Raises names.BadName, or ValueError for an unknown role.
    """
    if role not in Membership.Role.values:
        raise ValueError(f"A member's role is one of {', '.join(Membership.Role.values)}.")
    member = Member.objects.filter(external_id=external_id).first()
    if member is None:
        member, _ = Member.objects.get_or_create(
            external_id=check_sub(external_id), defaults={"password": "!"}
        )
    membership, created = Membership.objects.update_or_create(
        room=room, member=member, defaults={"role": role}
    )
    access.forget_everywhere(room.id)
    return membership, created


def mute_member(membership: Membership, until: datetime | None) -> None:
    """Let a member only read until then; None lets them write again. Their open sockets follow at once."""
    membership.muted_until = until
    membership.save(update_fields=["muted_until"])
    access.forget_everywhere(membership.room_id)


def remove_member(room: Room, external_id: str) -> bool:
    """Take a membership away, and close the sockets that stood on it; False where there was none."""
    removed, _ = Membership.objects.filter(room=room, member__external_id=external_id).delete()
    access.forget_everywhere(room.id)
    return bool(removed)
