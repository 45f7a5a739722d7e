"""Who may come in without being known."""

from django.db import transaction

from audit.kinds import Action
from audit.records import record
from tenants import actions as tenants
from tenants.context import run_in_tenant
from tenants.directory import TenantInfo
from tenants.models import Tenant


@transaction.atomic
def change_guests(tenant: TenantInfo, *, allowed: bool, proof: str) -> None:
    """Say whether visitors come in as guests, and when a new one has to show a proof of work (Tenant.GuestProof).

    Raises ValueError for any other `proof`.
    """
    now = (allowed, Tenant.GuestProof(proof))
    rows = Tenant.objects.select_for_update().filter(id=tenant.id)
    if rows.values_list("guests_allowed", "guest_proof").get() != now:
        tenants.set_guests(tenant.id, allowed=allowed, proof=proof)
        run_in_tenant(tenant, record, Action.GUESTS_CHANGED, "guests", allowed=allowed, proof=proof)
