"""Taking a user out of the workspace. Runs inside the tenant's schema."""

from django.db import transaction

from accounts.actions import anonymise
from accounts.models import Member
from rooms import access
from rooms.models import Membership, Receipt


@transaction.atomic
def delete_user(member: Member, locale: str = "en") -> bool:
    """Close their sockets, end their memberships, and forget who they were; False where somebody was quicker.

    What they said stays in its place, under no name.
    """
    locked = Member.objects.select_for_update().filter(pk=member.pk, deleted_at=None).first()
    if locked is None:
        return False
    anonymise(locked, locale)
    leave_all(locked)
    return True


def leave_all(member: Member) -> None:
    """End a member's memberships and forget how far they have read. Call it inside a transaction."""
    rooms = list(Membership.objects.filter(member=member).values_list("room_id", flat=True))
    Membership.objects.filter(member=member).delete()
    Receipt.objects.filter(member=member).delete()
    for room_id in rooms:
        access.forget_everywhere(room_id)
