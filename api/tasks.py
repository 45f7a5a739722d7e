"""The API's jobs. Each starts in the public schema."""

import logging

from procrastinate.contrib.django import app

from api import idempotency
from tenants.context import run_in_tenant
from tenants.models import Tenant

logger = logging.getLogger("snug.api")


@app.periodic(cron="53 * * * *")
@app.task()
def forget_old_requests(timestamp: int) -> None:
    """Delete the answers of requests whose Idempotency-Key has lapsed, in every workspace. One's fault holds up nobody
    else: a test side may be taken away meanwhile."""
    passing = (Tenant.State.PROVISIONING, Tenant.State.DELETING)
    for tenant in list(Tenant.objects.exclude(state__in=passing).order_by("pk")):
        try:
            run_in_tenant(tenant, idempotency.forget_old)
        except Exception:
            logger.exception("old answers of %s stay", tenant.schema_name)
