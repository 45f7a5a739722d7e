"""The jobs of workspaces as a whole. Each enters its tenant's schema by itself."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenants.models import Tenant
from workspaces import mails

MAIL_RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)


@app.task(retry=MAIL_RETRY)
def mail_webhook_disabled(tenant_id: int, endpoint_id: str) -> None:
    """Mail a tenant's owners that a webhook was switched off, and why."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        mails.send_webhook_disabled(tenant, endpoint_id)
