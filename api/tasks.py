"""The API's jobs. Each starts in the public schema."""

from procrastinate.contrib.django import app

from api import idempotency
from tenants.context import run_in_tenant
from tenants.models import Tenant


@app.periodic(cron="53 * * * *")
@app.task()
def forget_old_requests(timestamp: int) -> None:
    """Delete the answers of requests whose Idempotency-Key has lapsed."""
    for tenant in Tenant.objects.exclude(state=Tenant.State.PROVISIONING):
        run_in_tenant(tenant, idempotency.forget_old)
