"""The jobs of this room."""

from procrastinate.contrib.django import app

from tenants.context import run_in_tenant
from tenants.models import Tenant
from webhooks.forgetting import forget_old


@app.periodic(cron="13 * * * *")
@app.task()
def forget_old_deliveries(timestamp: int) -> None:
    """Delete what is older than `forgetting.KEPT`, in every workspace."""
    for tenant in Tenant.objects.exclude(
        state__in=(Tenant.State.PROVISIONING, Tenant.State.DELETING)
    ).iterator():
        run_in_tenant(tenant, forget_old)
