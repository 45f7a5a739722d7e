"""How much of its limits a tenant uses."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import F, Max, QuerySet, Sum

from billing.models import ConnectionPeak, Subscription, UsageReport
from realtime import leases, store
from rooms.models import Room
from tenants.context import HasSchema, run_in_tenant
from tenants.directory import TenantInfo
from tenants.entitlements import Limits
from tenants.plans import Plan

ROOMS: Final = "rooms"
CONNECTIONS: Final = "connections"
# Of these, mails are sent; others join when what they limit is built (files, webhooks).
LIMITS: Final = (ROOMS, CONNECTIONS)


@dataclass(frozen=True, slots=True)
class Usage:
    """One limit. `used` of rooms is now, of connections the most open at once this calendar month (UTC), on days when
    that was within what is allowed now; `earlier` is the month's most where that was more, under a larger plan, and 0
    otherwise. `now` is None while nobody can tell. `most` None means unlimited."""

    key: str
    label: str
    used: int
    now: int | None
    most: int | None
    earlier: int = 0

    @property
    def percent(self) -> int:
        """0 to 100 and beyond, rounded down; 0 where there is no limit."""
        return 100 * self.used // self.most if self.most else 0


@dataclass(frozen=True, slots=True)
class Misfit:
    """One reason why a workspace does not fit a plan, and what would make it fit; `kept` says what becomes of it
    all the same."""

    key: str
    used: int
    most: int
    sentence: str
    kept: str


def usage_of(tenant: TenantInfo, today: date) -> list[Usage]:
    """What the console shows beside the limits in force."""
    limits, rooms = tenant.limits, rooms_of(tenant)
    return [
        Usage(ROOMS, "Rooms", rooms, rooms, limits.max_rooms),
        _connections(tenant.id, today, limits.max_connections),
    ]


def _connections(tenant_id: int, today: date, most: int) -> Usage:
    """The limit keeps what is open within it: a day's count above it is from before it was lowered."""
    now = open_connections(tenant_id)
    peak, within = (peak_of(tenant_id, today.year, today.month, at_most) for at_most in (None, most))
    used = max(within, now or 0)
    return Usage(CONNECTIONS, "Open connections", used, now, most, peak if peak > max(used, most) else 0)


def misfits(tenant: TenantInfo, plan: Plan) -> list[Misfit]:
    """Why the workspace, as it is now, does not fit `plan`; empty where it does."""
    limits: Limits = plan.limits
    found = []
    rooms, now = rooms_of(tenant), open_connections(tenant.id) or 0
    if limits.max_rooms is not None and rooms > limits.max_rooms:
        surplus = rooms - limits.max_rooms
        found.append(
            Misfit(
                ROOMS,
                rooms,
                limits.max_rooms,
                f"You have {rooms:,} rooms; {plan.name} allows {limits.max_rooms:,}. "
                f"Delete {surplus:,} {'room' if surplus == 1 else 'rooms'} first.",
                f"Your {rooms:,} rooms stay. {plan.name} allows {limits.max_rooms:,}, so no room can be added.",
            )
        )
    if now > limits.max_connections:
        found.append(
            Misfit(
                CONNECTIONS,
                now,
                limits.max_connections,
                f"{now:,} connections are open; {plan.name} allows {limits.max_connections:,}. "
                "Change at a quieter hour, or keep the plan.",
                f"{now:,} connections are open. {plan.name} allows {limits.max_connections:,}: the newest beyond that "
                "are closed when it begins, and further visitors wait.",
            )
        )
    return found


def rooms_of(tenant: HasSchema) -> int:
    """How many rooms the tenant has, archived ones included."""
    return run_in_tenant(tenant, _count_rooms)


def open_connections(tenant_id: int) -> int | None:
    """How many connections are open now; None while Redis cannot tell."""
    try:
        return leases.count_sync(tenant_id)
    except store.AWAY:
        return None


def peak_of(tenant_id: int, year: int, month: int, at_most: int | None = None) -> int:
    """The most connections that were open at once in a calendar month; days with more than `at_most` are left out."""
    days = _days(tenant_id, year, month)
    if at_most is not None:
        days = days.filter(peak__lte=at_most)
    return int(days.aggregate(most=Max("peak"))["most"] or 0)


def blocks_under(bought: Subscription, month: str) -> int:
    """The most blocks beyond the plan that were used at once in a month under this subscription and at its price."""
    steps = UsageReport.objects.filter(
        tenant_id=bought.tenant_id,
        subscription_id=bought.subscription_id,
        month=month,
        block_cents=bought.block_cents,
    )
    return int(steps.aggregate(most=Max("after"))["most"] or 0)


def beyond(tenant_id: int, month: str) -> tuple[int, int]:
    """The most blocks beyond the plan that were used at once in a month, and what all of the month's cost in US cents,
    each at the price of the moment in which it was counted."""
    steps = UsageReport.objects.filter(tenant_id=tenant_id, month=month)
    found = steps.aggregate(blocks=Max("after"), cents=Sum((F("after") - F("before")) * F("block_cents")))
    return found["blocks"] or 0, found["cents"] or 0


def _days(tenant_id: int, year: int, month: int) -> QuerySet[ConnectionPeak]:
    return _month(year, month).filter(tenant_id=tenant_id)


def _month(year: int, month: int) -> QuerySet[ConnectionPeak]:
    last = calendar.monthrange(year, month)[1]
    return ConnectionPeak.objects.filter(day__range=(date(year, month, 1), date(year, month, last)))


def month_of(day: date) -> str:
    """A calendar month as reports of usage name it: 2026-11."""
    return f"{day:%Y-%m}"


def month_before(moment: datetime) -> tuple[int, int]:
    """Year and number of the calendar month before."""
    return (moment.year, moment.month - 1) if moment.month > 1 else (moment.year - 1, 12)


def _count_rooms() -> int:
    return Room.objects.count()
