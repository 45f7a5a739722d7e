"""What becomes of members of staff: another name, another role, gone. Runs inside the tenant's schema."""

from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts import members
from accounts.actions.invitations import shown_name, withdraw_invitations_of
from accounts.actions.users import void_tokens
from accounts.models import Handoff, Member, PasswordReset
from accounts.roles import NotYours, may_decide_about, may_give
from audit.kinds import Action
from audit.records import record
from realtime import publish
from tenants.context import schema_connection

# Whatever a removed colleague's sockets stand on, and whatever a process's clock says: it is void.
FOR_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


@transaction.atomic
def rename_staff(member: Member, name: str) -> None:
    """Give a member of staff another name, on their open sockets too. Raises names.BadName."""
    name = shown_name(name)
    if name == member.name:
        return
    Member.objects.filter(pk=member.pk).update(name=name)
    member.name = name
    record(Action.STAFF_CHANGED, member.external_id, changed=["name"])
    schema = schema_connection().schema_name
    members.forget_one(schema, member.external_id)
    publish.tell_all(type="renamed", schema=schema, user=member.external_id, name=name)


@transaction.atomic
def change_role(member: Member, role: str, by: Member) -> None:
    """Make a colleague something else. Their open sockets close, and open again with the new role.

    Invitations that they may no longer make are withdrawn. Raises NotYours.
    """
    locked, by = held_colleague(member, by)
    if locked is None or not may_give(by, role):
        raise NotYours
    if locked.role == role:
        return
    before, locked.role = locked.role, Member.Role(role)
    locked.save(update_fields=["role"])
    if not locked.may_administer:
        withdraw_invitations_of(locked)
    record(Action.STAFF_ROLE_CHANGED, locked.external_id, role=role, before=before)
    void_tokens(locked, timezone.now())


def held_colleague(member: Member, by: Member) -> tuple[Member | None, Member]:
    """A colleague, None where they are gone, and whoever decides about them: as they stand now, and until the end of
    this transaction. Raises NotYours."""
    both = (
        Member.objects.select_for_update().filter(pk__in=[member.pk, by.pk], deleted_at=None).order_by("pk")
    )
    held = {each.pk: each for each in both}
    colleague, judge = held.get(member.pk), held.get(by.pk)
    if judge is None or (colleague is not None and not may_decide_about(judge, colleague)):
        raise NotYours
    return colleague, judge


def dismiss(member: Member) -> None:
    """End a colleague's access for ever: sessions, sockets, links, and the invitations that they sent.

    Their name and id stay beside what they said and did: docs/decisions/deleted-users.md. Call it inside a transaction
    that holds the member's row.
    """
    role = member.role
    PasswordReset.objects.filter(member=member).delete()
    Handoff.objects.filter(member=member).delete()
    withdraw_invitations_of(member)
    Member.objects.filter(pk=member.pk).update(
        role=Member.Role.NONE, email=None, password="!", last_login=None, deleted_at=timezone.now()
    )
    record(Action.STAFF_REMOVED, member.external_id, role=role)
    void_tokens(member, FOR_EVER)
