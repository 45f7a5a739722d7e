"""Which sites may embed the widget."""

from django.db import transaction

from audit.kinds import Action
from audit.records import record
from tenants import actions as tenants
from tenants.context import run_in_tenant
from tenants.directory import TenantInfo
from tenants.models import Tenant


@transaction.atomic
def change_origins(tenant: TenantInfo, origins: list[str]) -> list[str]:
    """Replace the list; returns it normalised. Raises ValueError with a sentence."""
    before = set(Tenant.objects.select_for_update().values_list("origins", flat=True).get(id=tenant.id))
    now = tenants.set_origins(tenant.id, origins)
    if before != set(now):
        run_in_tenant(tenant, _note, sorted(set(now) - before), sorted(before - set(now)))
    return now


def _note(added: list[str], removed: list[str]) -> None:
    record(Action.ORIGINS_CHANGED, "origins", added=added, removed=removed)
