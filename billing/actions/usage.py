"""Charging for connections beyond the plan where the owner said so."""

import logging
from datetime import date

from django.utils import timezone

from billing.actions.counting import measure_now
from billing.actions.holding import held, running_contract
from billing.actions.notices import tell_of_limits
from billing.actions.owing import refuse_while_owing
from billing.actions.refresh import catch_up
from billing.errors import BillingRefused
from billing.gateway import writing
from billing.gateway.connection import Missing, NotAccepted
from billing.gateway.contracts import Contract
from billing.gateway.debts import paid_cents
from billing.gateway.prices import METER, overage_key, price_id
from billing.models import Subscription, UsageReport
from billing.overage import most_ceiling_usd
from billing.usage import usage_of
from tenants.directory import TenantInfo
from tenants.plans import OVERAGE_BLOCK, Plan, plan_of

logger = logging.getLogger("snug.billing")


def set_overage(tenant_id: int, on: bool, ceiling_usd: int = 0) -> None:
    """Allow connections beyond the plan, for up to `ceiling_usd` whole US dollars a calendar month, or no longer.

    In force at once: what is open beyond it is closed. What was used up to then is counted first, and charged either
    way. Raises BillingRefused.
    """
    with held(tenant_id) as bought:
        if on:
            _open_overage(bought, ceiling_usd)
        measure_now(tenant_id)
        bought.overage_on = on
        bought.overage_ceiling_usd = ceiling_usd if on else bought.overage_ceiling_usd
        bought.save(update_fields=["overage_on", "overage_ceiling_usd"])
        catch_up(bought)


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


def settle_usage(tenant_id: int) -> None:
    """Count what is open now, and report all that was used: what comes after this has another price, or none. Raises
    BillingUnavailable."""
    with held(tenant_id):
        measure_now(tenant_id)
    report_usage(tenant_id)


def report_usage(tenant_id: int) -> int:
    """Tell Stripe's meter of overage that it does not know yet; how many blocks. What is lost on the way, the next call
    sends again as it was. Raises StripeAway."""
    waiting = UsageReport.objects.filter(tenant_id=tenant_id, sent_at=None).order_by("id")
    return sum(_send(step) for step in waiting)


def _send(step: UsageReport) -> int:
    value = step.after - step.before
    try:
        writing.report_usage(METER, step.identifier, step.customer_id, value, step.measured_at)
    except Missing:
        logger.error("%s: its customer is gone, and nobody is billed for it", step)
        value = 0
    except NotAccepted:  # it is tried again each round; nothing of the tenant's waits for it
        return 0
    UsageReport.objects.filter(pk=step.pk, sent_at=None).update(sent_at=timezone.now())
    return value


def check_limits(tenant: TenantInfo, today: date) -> None:
    """Tell owners of limits that are nearly, or fully, used this month."""
    tell_of_limits(tenant.id, usage_of(tenant, today), f"{today:%Y-%m}")
