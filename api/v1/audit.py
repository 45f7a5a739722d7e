"""Who did what."""

from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from accounts.names import storable
from api.callers import ApiRequest, Key
from api.paging import Cursor, Limit, Page, cut, position_of
from audit.models import AuditEntry
from realtime.events import stamp

router = Router(tags=["audit"])

_ACTION = "Only this action, such as `key.created`."
_ACTOR = "Only what they did: `staff:…`, `bot:key_…`, a user's id, or `snug`."


class AuditEntryOut(Schema):
    id: str
    at: str
    actor: str = Field(description="`staff:…`, `bot:key_…`, a user's id; `snug` for jobs and commands.")
    action: str
    object: str = Field(description="What it was done to: a key's id, a room's name, a user's id …")
    details: dict[str, Any]
    address: str | None = Field(description="Where the request came from; null where there was none.")

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryOut":
        return cls(
            id=f"aud_{entry.pk}",
            at=stamp(entry.at),
            actor=entry.actor,
            action=entry.action,
            object=entry.object,
            details=entry.details,
            address=entry.address or None,
        )


@router.get("/audit", response=Page[AuditEntryOut], auth=Key("admin"))
def list_audit(
    request: ApiRequest,
    limit: Limit = 50,
    cursor: Cursor = None,
    action: Annotated[str | None, Query(max_length=40, description=_ACTION)] = None,
    actor: Annotated[str | None, Query(max_length=140, description=_ACTOR)] = None,
) -> Page[AuditEntryOut]:
    """List administrative actions.

    The latest first. What members of staff, keys, and Snug itself have changed here: keys, staff, origins, guests,
    rooms, memberships, tokens, other people's messages, the plan.
    """
    entries = AuditEntry.objects.order_by("-id")
    for column, wanted in (("action", action), ("actor", actor)):
        if wanted is not None:
            entries = entries.filter(**{column: wanted}) if storable(wanted) else entries.none()
    if (before := position_of(cursor)) is not None:
        entries = entries.filter(id__lt=before)
    found, more = cut(entries, limit)
    return Page(data=[AuditEntryOut.of(entry) for entry in found], next=more)
