"""Who works in a workspace: invited, come in, gone. Each change and what the house at large knows of it, together."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import actions
from accounts.models import Invitation, Member
from rooms.actions import leave_all
from tenants import actions as tenants
from tenants.context import run_in_tenant
from tenants.directory import TenantInfo


@transaction.atomic
def invite_colleague(tenant: TenantInfo, email: str, role: str, by: Member) -> Invitation:
    """Invite somebody; the mail leaves exactly if this is committed. Raises InvitationRefused, roles.NotYours."""
    made = run_in_tenant(tenant, actions.invite, email, role, by)
    _mail(tenant, made)
    return made


@transaction.atomic
def invite_colleague_again(tenant: TenantInfo, invitation_id: str, by: Member) -> Invitation | None:
    """Send another mail for an invitation, good for its full time; None where it is gone. Raises roles.NotYours."""
    found = run_in_tenant(tenant, actions.invite_again, invitation_id, by)
    if found is not None:
        _mail(tenant, found)
    return found


def join_team(tenant: TenantInfo, token: str, name: str, password: str) -> Member | None:
    """Make whoever holds the link a colleague, whom "find my workspaces" finds; None where the link is void.

    Raises names.BadName.
    """
    hashed = make_password(password)  # slow: before anything is locked
    with transaction.atomic():
        member = run_in_tenant(tenant, actions.accept_invitation, token, name, hashed)
        if member is not None:
            tenants.index_mail(tenant, str(member.email))
    return member


@transaction.atomic
def remove_colleague(tenant: TenantInfo, member: Member, by: Member) -> bool:
    """End a colleague's access at once and for ever; False where somebody was quicker. Raises roles.NotYours."""
    email = run_in_tenant(tenant, _dismiss, member, by)
    if email is None:
        return False
    if email:
        tenants.unindex_mail(tenant, email)
    return True


def _dismiss(member: Member, by: Member) -> str | None:
    """The mail address that they had; None where they are gone already."""
    held, _ = actions.held_colleague(member, by)
    if held is None:
        return None
    actions.dismiss(held)
    leave_all(held)
    return held.email or ""


def _mail(tenant: TenantInfo, invitation: Invitation) -> None:
    from workspaces.tasks import mail_invitation

    mail_invitation.defer(tenant_id=tenant.id, invitation_id=invitation.id)
