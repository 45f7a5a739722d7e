"""The jobs of workspaces as a whole. Each enters its tenant's schema by itself."""

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts.actions import make_invitation_link
from tenants.context import run_in_tenant
from tenants.models import Tenant
from workspaces import actions, mails

MAIL_RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)


# The storage may be away for hours.
DEMOLITION_RETRY = RetryStrategy(max_attempts=12, exponential_wait=4)


@app.task(retry=MAIL_RETRY)
def mail_webhook_disabled(tenant_id: int, endpoint_id: str) -> None:
    """Mail a tenant's owners that a webhook was switched off, and why."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        mails.send_webhook_disabled(tenant, endpoint_id)


@app.task(retry=MAIL_RETRY)
def mail_invitation(tenant_id: int, invitation_id: str) -> None:
    """Mail somebody the link with which they join. The token is made here: it is never at rest but as a hash."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        run_in_tenant(tenant, _mail_invitation, tenant, invitation_id)


def _mail_invitation(tenant: Tenant, invitation_id: str) -> None:
    with transaction.atomic():  # a mail that could not be sent leaves the earlier link as it was
        made = make_invitation_link(invitation_id)
        if made is not None:
            mails.send_invitation(tenant, *made)


@app.task(retry=DEMOLITION_RETRY)
def demolish(tenant_id: int) -> None:
    """Take away for good what nobody comes to any more: a test side that was reset."""
    actions.demolish(tenant_id)
