"""Who among a tenant's staff decides about whom."""

from typing import Final

from accounts.models import Member

# What somebody may be made. There is one owner, and nobody becomes it this way.
GIVEN: Final = (Member.Role.ADMIN, Member.Role.MODERATOR, Member.Role.AGENT)


class NotYours(Exception):
    """This is not theirs to decide: another colleague's role, or an invitation to it."""


def may_give(member: Member, role: str) -> bool:
    """Whether they may invite somebody as this, or make them it: admins are the owner's alone to make."""
    if member.role == Member.Role.OWNER:
        return role in GIVEN
    return member.may_administer and role in (Member.Role.MODERATOR, Member.Role.AGENT)


def may_decide_about(member: Member, other: Member) -> bool:
    """Whether they may give this colleague another role, or remove them. Nobody may about the owner."""
    of_staff = other.kind == Member.Kind.STAFF and other.deleted_at is None
    return of_staff and member.pk != other.pk and may_give(member, other.role)
