"""Measuring connections, and charging for those beyond the plan where the owner said so."""

from datetime import date

from django.db.models import Max
from django.db.models.functions import Greatest
from django.utils import timezone

from billing.actions.holding import held, running_contract
from billing.actions.notices import tell_of_limits
from billing.actions.owing import refuse_while_owing
from billing.actions.refresh import bring_up_to_date
from billing.errors import BillingRefused
from billing.gateway import writing
from billing.gateway.contracts import Contract, clock_of
from billing.gateway.debts import paid_cents
from billing.gateway.prices import METER, overage_key, price_id
from billing.models import ConnectionPeak, Subscription, UsageReport
from billing.overage import most_ceiling_usd
from billing.usage import blocks_of, month_before, usage_of
from realtime import leases
from tenants.directory import TenantInfo
from tenants.entitlements import limits_for
from tenants.models import Tenant
from tenants.plans import OVERAGE_BLOCK, Plan, blocks_beyond, plan_of


def set_overage(tenant_id: int, on: bool, ceiling_usd: int = 0) -> None:
    """Allow connections beyond the plan, for up to `ceiling_usd` whole US dollars a calendar month, or no longer.

    In force at once. What was used up to then is charged either way. Raises BillingRefused.
    """
    with held(tenant_id) as bought:
        if on:
            _open_overage(bought, ceiling_usd)
        bought.overage_on = on
        bought.overage_ceiling_usd = ceiling_usd if on else bought.overage_ceiling_usd
        bought.save(update_fields=["overage_on", "overage_ceiling_usd"])
        bring_up_to_date(bought)


def _open_overage(bought: Subscription, ceiling_usd: int) -> None:
    contract = running_contract(bought)
    paid = paid_cents(contract.customer_id)
    if paid:
        refuse_while_owing(contract)
    if contract.status != "active" or not paid:
        raise BillingRefused(
            "Connections beyond the plan can be had from the first paid period on, once its invoice is paid."
        )
    plan = plan_of(contract.bought.plan, contract.bought.version)
    if plan.overage_usd is None:
        raise BillingRefused(f"{plan.name} has no connections beyond its limit.")
    # A plan that was changed in the portal is billed by the meter of the one before.
    block = -(-contract.metered_cents // 100) or plan.overage_usd
    most = most_ceiling_usd(plan, paid)
    if not block <= ceiling_usd <= most:
        raise BillingRefused(
            f"The ceiling is {block} to {most:,} US dollars a month; "
            f"{block} pay for {OVERAGE_BLOCK} connections."
        )
    if not contract.metered_item:
        _add_meter(contract, plan)


def _add_meter(contract: Contract, plan: Plan) -> None:
    """A phase that is booked has the items that it was booked with, and would take this one away again."""
    if contract.next_bought is not None:
        raise BillingRefused(
            "A change of plan is booked. Keep your plan, or wait until the change has happened, then turn on "
            "connections beyond the plan."
        )
    writing.add_item(contract, price_id(overage_key(plan)))


def measure(tenant_ids: list[int], day: date) -> None:
    """Count tenants' open connections, and remember the day's highest count. Raises store.AWAY's errors."""
    counts = {id_: count for id_, count in leases.counts_sync(tenant_ids).items() if count}
    for tenant in Tenant.objects.filter(pk__in=list(counts)):
        remember_peak(tenant, day, counts[tenant.pk])


def remember_peak(tenant: Tenant, day: date, count: int) -> None:
    """The same for one count, with the blocks beyond the plan that it used of those the owner pays for; smaller figures
    than are known change nothing."""
    plan_allows = limits_for(tenant.plan, tenant.own_limits, tenant.plan_version).max_connections
    blocks = min(blocks_beyond(plan_allows, count), tenant.extra_connections // OVERAGE_BLOCK)
    known = ConnectionPeak.objects.filter(tenant=tenant, day=day)
    if known.filter(peak__gte=count, blocks__gte=blocks).exists():
        return
    ConnectionPeak.objects.bulk_create(
        [ConnectionPeak(tenant=tenant, day=day, peak=count, blocks=blocks)], ignore_conflicts=True
    )
    known.update(peak=Greatest("peak", count), blocks=Greatest("blocks", blocks))


def report_usage(tenant_id: int) -> int:
    """Tell Stripe's meter of overage that it does not know yet; how many blocks.

    The step is written down first and sent after: lost on the way, the next call sends it again as it was.
    """
    now = timezone.now()
    for year, month in (month_before(now), (now.year, now.month)):
        _write_step(tenant_id, year, month)
    waiting = UsageReport.objects.filter(tenant_id=tenant_id, sent_at=None).order_by("id")
    return sum(_send(step) for step in waiting)


def _write_step(tenant_id: int, year: int, month: int) -> None:
    """What the month's highest count adds to what was reported of it."""
    with held(tenant_id) as bought:
        name, after = f"{year}-{month:02}", blocks_of(tenant_id, year, month)
        known = UsageReport.objects.filter(tenant_id=tenant_id, month=name)
        before = known.aggregate(most=Max("after"))["most"] or 0
        if bought.customer_id and bought.running and after > before:
            UsageReport.objects.create(
                tenant_id=tenant_id,
                month=name,
                before=before,
                after=after,
                customer_id=bought.customer_id,
                measured_at=clock_of(bought.test_clock) if bought.test_clock else bought.now,
            )


def _send(step: UsageReport) -> int:
    value = step.after - step.before
    writing.report_usage(METER, step.identifier, step.customer_id, value, step.measured_at)
    UsageReport.objects.filter(pk=step.pk, sent_at=None).update(sent_at=timezone.now())
    return value


def check_limits(tenant: TenantInfo, today: date) -> None:
    """Tell owners of limits that are nearly, or fully, used this month."""
    tell_of_limits(tenant.id, usage_of(tenant, today), f"{today:%Y-%m}")
