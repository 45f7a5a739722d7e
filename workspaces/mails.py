"""Mails to a workspace's owners about its webhooks, and to those who are to join its staff."""

from typing import Final, NamedTuple

import mail
from accounts.actions.invitations import INVITATION_TTL
from accounts.models import Invitation, Member
from tenants.context import run_in_tenant
from tenants.hosts import tenant_as_typed, tenant_url
from tenants.models import Tenant
from webhooks.models import Endpoint
from workspaces.wording import wording

_WHY: Final = {
    Endpoint.Reason.GONE.value: "It answered 410 Gone, which says that it wants nothing any more.",
    Endpoint.Reason.FAILING.value: "For 24 hours nothing we sent was answered with success (2xx).",
}


class _Facts(NamedTuple):
    url: str
    why: str
    owners: list[str]


def send_webhook_disabled(tenant: Tenant, endpoint_id: str) -> None:
    """Mail each owner that an endpoint was switched off; nothing where it is on again or gone. Raises what the mail
    backend raises."""
    facts = run_in_tenant(tenant, _facts, endpoint_id)
    if facts is None:
        return
    context = {
        "workspace": tenant.name,
        "host": tenant_as_typed(tenant.slug),
        "url": facts.url,
        "why": facts.why,
        "link": tenant_url(tenant.slug, f"/console/webhooks/{endpoint_id}/"),
    }
    for address in facts.owners:
        mail.send("webhook_disabled", f"A webhook of {tenant.name} was switched off", [address], context)


def send_invitation(tenant: Tenant, invitation: Invitation, token: str) -> None:
    """Mail an invitation, in the workspace's language. Raises what the mail backend raises."""
    words = wording(tenant.locale)
    filled: dict[str, object] = {
        "inviter": invitation.invited_by.username,
        "workspace": tenant.name,
        "host": tenant_as_typed(tenant.slug),
        "days": INVITATION_TTL.days,
    }
    if words.right_to_left:  # names and addresses of the other direction, each kept together
        filled = {
            name: f"\N{FIRST STRONG ISOLATE}{value}\N{POP DIRECTIONAL ISOLATE}"
            for name, value in filled.items()
        }
    said = words.invitation
    context = {
        "title": said.title.format(**filled),
        "lines": [said.line.format(**filled), words.roles[invitation.role]],
        "button": said.button,
        "link": tenant_url(tenant.slug, f"/invite/{token}/"),
        "foot": said.foot.format(**filled),
    }
    subject = " ".join(said.subject.format(**filled).split())
    mail.send("invitation", subject, [invitation.email], context, language=words.language)


def _facts(endpoint_id: str) -> _Facts | None:
    endpoint = Endpoint.objects.filter(pk=endpoint_id, enabled=False, reason__in=_WHY).first()
    if endpoint is None:
        return None
    owners = Member.objects.filter(kind=Member.Kind.STAFF, role=Member.Role.OWNER, email__isnull=False)
    addresses = [str(email) for email in owners.order_by("pk").values_list("email", flat=True)]
    return _Facts(endpoint.url, _WHY[endpoint.reason], addresses)
