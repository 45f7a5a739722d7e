"""The jobs of this room. Each starts in the public schema."""

import logging

from procrastinate.contrib.django import app

from files.removing import remove_unwanted
from tenants.context import run_in_tenant
from tenants.models import Tenant

logger = logging.getLogger("snug.files")


@app.periodic(cron="37 * * * *")
@app.task()
def remove_unwanted_files(timestamp: int) -> None:
    """Remove what was given up and what no message has taken within a day, in every workspace. One's fault holds up
    nobody else."""
    passing = (Tenant.State.PROVISIONING, Tenant.State.DELETING)
    for tenant in list(Tenant.objects.exclude(state__in=passing).order_by("pk")):
        try:
            run_in_tenant(tenant, remove_unwanted)
        except Exception:
            logger.exception("unwanted files of %s stay", tenant.schema_name)


@app.task()
def remove_files_of(tenant_id: int) -> None:
    """The same for one workspace, right after something was given up there."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        run_in_tenant(tenant, remove_unwanted)
