"""Keeping a user out of the whole workspace. Runs inside the tenant's schema."""

from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from accounts import members
from accounts.models import Member
from accounts.names import BadName, storable
from accounts.telling import tell_of_user
from audit.kinds import Action
from audit.records import record
from realtime import publish
from realtime.events import stamp
from tenants.context import schema_connection

FOR_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
MAX_REASON: Final = 200


@transaction.atomic
def ban_user(member: Member, until: datetime = FOR_EVER, reason: str = "") -> None:
    """Close their sockets on every process and let them in nowhere until then. The ban ends by itself.

    Whoever is banned already is banned anew. Raises names.BadName for a reason that cannot be kept.
    """
    reason = reason.strip()
    if len(reason) > MAX_REASON or not storable(reason):
        raise BadName(f"reason has at most {MAX_REASON} ordinary characters.")
    _set(member, until, reason)
    record(
        Action.USER_BANNED,
        member.external_id,
        until=stamp(until) if until < FOR_EVER else None,
        reason=reason,
    )
    tell_of_user("user.banned", member, until=stamp(until) if until < FOR_EVER else None, reason=reason)


@transaction.atomic
def lift_ban(member: Member) -> bool:
    """Let them in again; False where they were not banned."""
    was_banned = member.banned
    if member.banned_until is not None:
        _set(member, None, "")
    if was_banned:
        record(Action.USER_UNBANNED, member.external_id)
    return was_banned


def _set(member: Member, until: datetime | None, reason: str) -> None:
    Member.objects.filter(pk=member.pk).update(banned_until=until, ban_reason=reason)
    member.banned_until, member.ban_reason = until, reason
    schema = schema_connection().schema_name
    members.forget(schema)
    moment = until.timestamp() if until else 0.0
    publish.tell_all(type="changed", schema=schema, banned=member.external_id, until=moment)
