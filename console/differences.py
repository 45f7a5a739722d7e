"""What changes with another plan, limit by limit."""

from collections.abc import Callable
from typing import Final

from tenants.directory import TenantInfo
from tenants.entitlements import Limits, limits_for
from tenants.models import Tenant
from tenants.plans import MEGABYTE, Plan


def count(value: int | None) -> str:
    return "Unlimited" if value is None else f"{value:,}"


def history(days: int | None) -> str:
    if days is None:
        return "Unlimited"
    return "1 year" if days == 365 else f"{days:,} days"


_ROWS: Final[tuple[tuple[str, Callable[[Limits], str]], ...]] = (
    ("Open connections", lambda limits: count(limits.max_connections)),
    ("Rooms", lambda limits: count(limits.max_rooms)),
    ("History", lambda limits: history(limits.history_days)),
    ("Characters a message", lambda limits: count(limits.max_message_length)),
    ("API requests a minute", lambda limits: count(limits.api_per_minute)),
    ("Size of a file", lambda limits: f"{limits.max_file_bytes // MEGABYTE:,} MB"),
    ("Webhooks", lambda limits: count(limits.max_webhooks)),
)


def differences(tenant: TenantInfo, wanted: Plan) -> list[tuple[str, str, str]]:
    """Label, figure now, figure then; what stays as it is, is left out, and so are connections beyond the plan."""
    own = Tenant.objects.values_list("own_limits", flat=True).get(pk=tenant.id)
    now, then = (
        limits_for(plan, own, version)
        for plan, version in ((tenant.plan, tenant.plan_version), (wanted.key, wanted.version))
    )
    rows = [(label, figure(now), figure(then)) for label, figure in _ROWS]
    return [row for row in rows if row[1] != row[2]]
