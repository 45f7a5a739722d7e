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
    ("Connections a person", lambda limits: count(limits.connections_per_user)),
    ("Rooms", lambda limits: count(limits.max_rooms)),
    ("History", lambda limits: history(limits.history_days)),
    ("Characters a message", lambda limits: count(limits.max_message_length)),
    ("Messages a person in 10 seconds", lambda limits: count(limits.messages_per_10s)),
    ("API requests a minute", lambda limits: count(limits.api_per_minute)),
    ("Size of a file", lambda limits: f"{limits.max_file_bytes // MEGABYTE:,} MB"),
    ("Webhooks", lambda limits: count(limits.max_webhooks)),
)


def history_hidden(tenant: TenantInfo, wanted: Plan) -> str:
    """What becomes of messages that are older than the history of `wanted`, where that is shorter than now."""
    now, then = _both(tenant, wanted)
    if then.history_days is None or (now.history_days or then.history_days + 1) <= then.history_days:
        return ""
    return (
        f"Messages older than {history(then.history_days)} are kept but not shown. "
        "With a plan that has a longer history they are shown again."
    )


def differences(tenant: TenantInfo, wanted: Plan) -> list[tuple[str, str, str]]:
    """Label, figure now, figure then; what stays as it is, is left out, and so are connections beyond the plan."""
    now, then = _both(tenant, wanted)
    rows = [(label, figure(now), figure(then)) for label, figure in _ROWS]
    return [row for row in rows if row[1] != row[2]]


def _both(tenant: TenantInfo, wanted: Plan) -> tuple[Limits, Limits]:
    """The limits of the plan in force and of `wanted`, with the tenant's own figures in both."""
    own = Tenant.objects.values_list("own_limits", flat=True).get(pk=tenant.id)
    return (
        limits_for(tenant.plan, own, tenant.plan_version),
        limits_for(wanted.key, own, wanted.version),
    )
