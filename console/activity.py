"""The record of administrative actions, in words. Runs inside the tenant's schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts.models import Member
from audit.acting import SNUG
from audit.kinds import Action
from audit.models import AuditEntry

MOST: Final = 50
# Ids made here are no longer, and stay on one line; what people called something may be of any length.
WHOLE: Final = 28
WORDS: Final[dict[str, str]] = {
    Action.FILTER_CREATED: "made a filter",
    Action.FILTER_DELETED: "deleted a filter",
    Action.GUESTS_CHANGED: "changed the rules for guests",
    Action.INCOMING_WEBHOOK_CREATED: "made an incoming webhook",
    Action.INCOMING_WEBHOOK_DELETED: "deleted an incoming webhook",
    Action.INVITATION_WITHDRAWN: "withdrew an invitation",
    Action.KEY_CREATED: "made a key",
    Action.KEY_REVOKED: "revoked a key",
    Action.KEY_ROTATED: "rotated a key",
    Action.MEMBER_ADDED: "added a member",
    Action.MEMBER_CHANGED: "changed a member’s role",
    Action.MEMBER_MUTED: "muted a member",
    Action.MEMBER_REMOVED: "removed a member",
    Action.MEMBER_UNMUTED: "let a member write again",
    Action.MESSAGE_DELETED: "deleted somebody’s message",
    Action.MODERATION_CHANGED: "changed how messages are moderated",
    Action.ORIGINS_CHANGED: "changed the origins",
    Action.PLAN_CHANGED: "changed the plan",
    Action.PUBLIC_KEY_REGISTERED: "registered a public key",
    Action.PUBLIC_KEY_REVOKED: "revoked a public key",
    Action.REPORT_CHANGED: "dealt with a report",
    Action.ROOM_CHANGED: "changed a room",
    Action.ROOM_CREATED: "made a room",
    Action.ROOM_DELETED: "deleted a room",
    Action.STAFF_CHANGED: "changed their own profile",
    Action.STAFF_CREATED: "added a colleague",
    Action.STAFF_INVITED: "invited a colleague",
    Action.STAFF_PASSWORD_CHANGED: "set a new password",
    Action.STAFF_REMOVED: "removed a colleague",
    Action.STAFF_ROLE_CHANGED: "changed a colleague’s role",
    Action.TEST_KEY_CREATED: "made a test key",
    Action.TEST_KEY_REVOKED: "revoked a test key",
    Action.TEST_MODE_RESET: "reset test mode",
    Action.TOKENS_REVOKED: "revoked a user’s tokens",
    Action.USER_BANNED: "banned a user",
    Action.USER_CHANGED: "changed a user",
    Action.USER_CREATED: "added a user",
    Action.USER_DELETED: "deleted a user",
    Action.USER_UNBANNED: "lifted a ban",
    Action.WEBHOOK_CHANGED: "changed a webhook",
    Action.WEBHOOK_CREATED: "made a webhook",
    Action.WEBHOOK_DELETED: "deleted a webhook",
    Action.WEBHOOK_DISABLED: "switched off a webhook",
    Action.WEBHOOK_SECRET_ROTATED: "gave a webhook another secret",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One action as the page shows it."""

    at: datetime
    who: str
    who_id: str
    did: str
    action: str
    object: str
    # The colleague that it was done to, where it was one.
    object_name: str
    who_is_short: bool
    object_is_short: bool
    details: str
    address: str


def lines(action: str, actor: str, before: int | None) -> tuple[list[Line], int | None]:
    """The latest actions, narrowed where asked, older than the entry `before`; and where the next page begins."""
    entries = AuditEntry.objects.order_by("-id")
    if action:
        entries = entries.filter(action=action)
    if actor:
        entries = entries.filter(actor=actor)
    if before is not None:
        entries = entries.filter(id__lt=before)
    found = list(entries[: MOST + 1])
    shown = found[:MOST]
    people = _people({who for entry in shown for who in (entry.actor, entry.object)})
    return [_line(entry, people) for entry in shown], shown[-1].pk if len(found) > MOST else None


def _people(ids: set[str]) -> Mapping[str, str]:
    """The names of those who acted and of colleagues, as far as they have any. A colleague who was removed keeps it."""
    named = Member.objects.filter(external_id__in=ids).exclude(name="")
    return {SNUG: "Snug", **dict(named.values_list("external_id", "name"))}


def _line(entry: AuditEntry, people: Mapping[str, str]) -> Line:
    return Line(
        at=entry.at,
        who=people.get(entry.actor, entry.actor),
        who_id=entry.actor,
        did=WORDS.get(entry.action, entry.action),
        action=entry.action,
        object=entry.object,
        object_name=people.get(entry.object, "") if entry.object.startswith("staff:") else "",
        who_is_short=len(entry.actor) <= WHOLE,
        object_is_short=len(entry.object) <= WHOLE,
        details=", ".join(
            f"{name.replace('_', ' ')}: {_said(value)}"
            for name, value in entry.details.items()
            if _told(value)
        ),
        address=entry.address,
    )


def _told(value: Any) -> bool:
    return value not in (None, "", [], {})


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_said(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    moment = _moment(value)
    return f"{moment.day} {moment:%b %Y, %H:%M}" if moment else str(value)


def _moment(value: Any) -> datetime | None:
    """A detail that is a moment, as actions write them."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
