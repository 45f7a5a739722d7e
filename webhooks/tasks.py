"""The jobs of this room."""

import logging

from procrastinate.contrib.django import app

from tenants.context import run_in_tenant
from tenants.models import Tenant
from webhooks.forgetting import forget_old

logger = logging.getLogger("snug.webhooks")


@app.periodic(cron="13 * * * *")
@app.task()
def forget_old_deliveries(timestamp: int) -> None:
    """Delete what is older than `forgetting.KEPT`, in every workspace. One's fault holds up nobody else."""
    passing = (Tenant.State.PROVISIONING, Tenant.State.DELETING)
    for tenant in list(Tenant.objects.exclude(state__in=passing).order_by("pk")):
        try:
            run_in_tenant(tenant, forget_old)
        except Exception:
            logger.exception("old deliveries of %s stay", tenant.schema_name)
