"""Inviting colleagues by mail. Runs inside the tenant's schema."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts import links
from accounts.actions.staff import create_staff
from accounts.models import Invitation, Member
from accounts.names import BadName, clean_name
from accounts.roles import NotYours, may_give
from audit.kinds import Action
from audit.records import record
from tenants import actions as tenants
from tenants.context import schema_connection

INVITATION_TTL: Final = timedelta(days=7)
# Colleagues and open invitations together.
MOST_STAFF: Final = 200


class InvitationRefused(Exception):
    """Nobody can be invited so; the text is a sentence."""


@transaction.atomic
def invite(email: str, role: str, by: Member) -> Invitation:
    """An open invitation; its link is made for the mail. Raises InvitationRefused, NotYours."""
    by = _as_they_stand(by)
    if not may_give(by, role):
        raise NotYours
    email = email.strip().lower()
    tenants.hold(schema_connection().schema_name)  # two at once would both find room
    staff = Member.objects.staff()
    if staff.filter(email=email).exists():
        raise InvitationRefused("They are on the team already.")
    if Invitation.objects.filter(email=email).exists():
        raise InvitationRefused("They are invited already. Below, the mail can be sent again.")
    if staff.count() + Invitation.objects.count() >= MOST_STAFF:
        raise InvitationRefused(f"A team has at most {MOST_STAFF} people, open invitations included.")
    ends = timezone.now() + INVITATION_TTL
    made = Invitation.objects.create(email=email, role=role, invited_by=by, expires_at=ends)
    record(Action.STAFF_INVITED, made.id, email=email, role=role)
    return made


@transaction.atomic
def invite_again(invitation_id: str, by: Member) -> Invitation | None:
    """Give an invitation its full time anew, for another mail; None where there is none. Raises NotYours."""
    found = _held(invitation_id, by)
    if found is not None:
        found.expires_at = timezone.now() + INVITATION_TTL
        found.save(update_fields=["expires_at"])
        record(Action.STAFF_INVITED, found.id, email=found.email, role=found.role, again=True)
    return found


@transaction.atomic
def withdraw_invitation(invitation_id: str, by: Member) -> bool:
    """Void its link; False where there is no such invitation. Raises NotYours."""
    found = _held(invitation_id, by)
    if found is not None:
        _withdraw(found)
    return found is not None


def withdraw_invitations_of(member: Member) -> None:
    """Void what a colleague has sent who no longer may. Call it inside a transaction."""
    for each in Invitation.objects.select_for_update().filter(invited_by=member):
        _withdraw(each)


def make_invitation_link(invitation_id: str) -> tuple[Invitation, str] | None:
    """The invitation with a new token, which takes an earlier one's place; None where it is gone or has expired."""
    token = links.new_token()
    open_ones = Invitation.objects.filter(id=invitation_id, expires_at__gt=timezone.now())
    if not open_ones.update(token_hash=links.digest(token)):
        return None
    found = Invitation.objects.select_related("invited_by").filter(id=invitation_id).first()
    return (found, token) if found else None


def invitation_of(token: str) -> Invitation | None:
    """The invitation that a token accepts, if it still may; looking does not use it up."""
    mine = Invitation.objects.filter(token_hash=links.digest(token), expires_at__gt=timezone.now())
    return mine.select_related("invited_by").first()


@transaction.atomic
def accept_invitation(token: str, name: str, password_hash: str) -> Member | None:
    """The new colleague; None where the token is unknown, used, withdrawn or too old. Raises names.BadName."""
    name = shown_name(name)
    mine = Invitation.objects.select_for_update(of=("self",)).select_related("invited_by")
    found = mine.filter(token_hash=links.digest(token), expires_at__gt=timezone.now()).first()
    if found is None:
        return None
    found.delete()
    inviter = found.invited_by
    if inviter.deleted_at is not None or not may_give(inviter, found.role):
        return None
    if Member.objects.filter(email=found.email).exists():  # added by a command meanwhile
        return None
    return create_staff(
        email=found.email,
        role=found.role,
        password_hash=password_hash,
        name=name,
        actor=found.invited_by.external_id,
        invitation=found.id,
    )


def shown_name(name: object) -> str:
    """What customers are to see beside what a colleague writes. Raises BadName."""
    clean = clean_name(name)
    if not clean:
        raise BadName("A name needs characters that can be seen.")
    return clean


def _as_they_stand(by: Member) -> Member:
    """A colleague now, and until the end of this transaction: what they were when they asked may be over. Raises
    NotYours where they are gone."""
    held = Member.objects.select_for_update().filter(pk=by.pk, deleted_at=None).first()
    if held is None:
        raise NotYours
    return held


def _held(invitation_id: str, by: Member) -> Invitation | None:
    by = _as_they_stand(by)
    found = Invitation.objects.select_for_update().filter(id=invitation_id).first()
    if found is not None and not may_give(by, found.role):
        raise NotYours
    return found


def _withdraw(invitation: Invitation) -> None:
    record(Action.INVITATION_WITHDRAWN, invitation.id, email=invitation.email, role=invitation.role)
    invitation.delete()
