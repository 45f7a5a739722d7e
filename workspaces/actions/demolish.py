"""Taking away for good, files and schema and row, what is in state `deleting`."""

from django.db import transaction

from files.removing import remove_all
from tenants import provisioning
from tenants.context import run_in_tenant
from tenants.models import Tenant


def demolish(tenant_id: int) -> bool:
    """False where there is no such tenant, or it is still in use. Raises removing.FilesLeft, and may be done again."""
    tenant = Tenant.objects.filter(pk=tenant_id, state=Tenant.State.DELETING).first()
    if tenant is None:
        return False
    run_in_tenant(tenant, remove_all)
    with transaction.atomic():
        provisioning.drop_schema(tenant.schema_name)
        Tenant.objects.filter(pk=tenant.pk).delete()
    return True
