"""The local copy of what Stripe says, and what follows from it for the workspace.

The only place that writes either. Nothing is taken from an event's body: whatever came, however late and in whatever
order, the present state is fetched and written under the tenant's lock.
"""

import logging
from datetime import datetime

from django.utils import timezone

from audit.kinds import Action
from audit.records import record
from billing.actions.counting import measure_now
from billing.actions.holding import held
from billing.actions.notices import tell_of_a_second, tell_of_debt, tell_of_end, tell_webhooks
from billing.errors import BillingUnavailable, HalfWay
from billing.gateway import writing
from billing.gateway.connection import Missing
from billing.gateway.contracts import Contract, contract_of
from billing.gateway.debts import NEVER_BEGUN, Debt, paid_cents
from billing.models import Subscription
from billing.models.subscription import GRACE, OWED_FOR
from billing.overage import extra_connections
from tenants import actions as tenants
from tenants.context import run_in_tenant
from tenants.models import Tenant
from tenants.plans import plan_of

logger = logging.getLogger("snug.billing")
Standing = Subscription.Standing
_STATES = {
    Standing.GOOD: Tenant.State.ACTIVE,
    Standing.ENDED: Tenant.State.ACTIVE,
    Standing.PAST_DUE: Tenant.State.PAST_DUE,
    Standing.SUSPENDED: Tenant.State.SUSPENDED,
}


def refresh(tenant_id: int) -> None:
    """Fetch from Stripe and put in force. Raises BillingUnavailable."""
    with held(tenant_id) as bought:
        bring_up_to_date(bought)


def bring_up_to_date(bought: Subscription) -> Contract | None:
    """The same for a subscription that the caller holds; what Stripe said of it."""
    try:
        contract = contract_of(bought.customer_id) if bought.customer_id else None
    except Missing:
        _forget_customer(bought)
        return None
    if contract is not None and contract.seconds:
        contract = _without_seconds(bought, contract)
    if contract is not None and contract.drafts:
        contract = _with_drafts_sent(bought, contract)
    if contract is None:
        return None
    _count_until_now(bought, contract)
    _copy(bought, contract)
    bought.standing = _standing(contract, bought)
    bought.save()
    _put_in_force(bought, left=contract.left)
    if bought.standing in (Standing.PAST_DUE, Standing.SUSPENDED):
        if contract.ended_unpaid:
            tell_of_end(bought)
        tell_of_debt(bought, contract.now)
    return contract


def catch_up(bought: Subscription) -> Contract | None:
    """The same after something was changed at Stripe. Raises HalfWay: that is done, whatever is answered here."""
    try:
        return bring_up_to_date(bought)
    except BillingUnavailable:
        raise HalfWay from None


def _without_seconds(bought: Subscription, contract: Contract) -> Contract | None:
    """A race with a page that was being paid has bought twice. The plan that began first stays, and what came after it
    ends at once and costs nothing."""
    for second in contract.seconds:
        logger.error(
            "tenant %s has bought twice: %s stays, %s is cancelled", bought.tenant_id, contract.id, second
        )
        writing.cancel_second(second)
        tell_of_a_second(bought, second, plan_of(contract.bought.plan, contract.bought.version).name)
    return contract_of(contract.customer_id)


def _with_drafts_sent(bought: Subscription, contract: Contract) -> Contract | None:
    """A plan that ends in the hour in which its invoice is a draft is owed for all the same."""
    for invoice_id in contract.drafts:
        logger.warning(
            "tenant %s: %s was left behind by a plan that ended, and is sent", bought.tenant_id, invoice_id
        )
        writing.send_draft(invoice_id)
    return contract_of(contract.customer_id)


def _forget_customer(bought: Subscription) -> None:
    """Somebody deleted the customer at Stripe, and with it what it was paying for."""
    bought.customer_id, bought.cancel_at, bought.past_due_since = None, None, None
    bought.credit_cents = 0
    _copy_debts(bought, (), (), None)
    if bought.status:
        bought.status, bought.standing = "canceled", Standing.ENDED
    bought.save()
    _put_in_force(bought, left=True)


def _copy(bought: Subscription, contract: Contract) -> None:
    plan, coming = contract.bought, contract.next_bought
    if bought.subscription_id != contract.id or not contract.metered_item:
        # It was agreed to for another subscription, or nothing is left that would charge for it.
        bought.overage_on = False
    if contract.metered_cents != bought.block_cents or bought.subscription_id != contract.id:
        bought.metered_since = contract.now if contract.metered_item else None
    bought.block_cents, bought.credit_cents = contract.metered_cents, contract.credit_cents
    if bought.overage_on:
        bought.paid_cents = paid_cents(contract.customer_id)
    bought.subscription_id, bought.status = contract.id, contract.status
    bought.test_clock = contract.test_clock
    bought.plan, bought.plan_version, bought.interval = plan.plan, plan.version, plan.interval
    bought.collection_method = contract.collection_method
    bought.period_start, bought.period_end = contract.period_start, contract.period_end
    bought.trial_end, bought.cancel_at = contract.trial_end, contract.cancel_at
    bought.next_plan = coming.plan if coming else ""
    bought.next_interval = coming.interval if coming else ""
    bought.next_at = contract.next_at
    bought.past_due_since = _owed_since(contract, bought.past_due_since)
    # Whoever has bought without a trial has seen the product too.
    bought.had_trial = bought.had_trial or contract.status not in NEVER_BEGUN
    bought.refreshed_at, bought.clock_ahead = contract.now, _ahead(contract.now)
    _copy_debts(bought, contract.debts, contract.due, contract.retried_since)


def _count_until_now(bought: Subscription, contract: Contract) -> None:
    """Where the plan was to end, or another to begin, with a period that is over: what was open is counted once more as
    of that period. Of a change in its midst the invoice is drawn already, and what is open counts from then on."""
    over = bought.period_end is not None and bought.period_end <= contract.now
    if over and bought.ends_with_period:
        measure_now(bought.tenant_id)


def _ahead(now: datetime) -> int:
    """Within a minute two clocks show the same time."""
    ahead = round((now - timezone.now()).total_seconds())
    return ahead if abs(ahead) > 60 else 0


def _copy_debts(
    bought: Subscription, debts: tuple[Debt, ...], due: tuple[Debt, ...], retried_since: datetime | None
) -> None:
    first = debts[0] if debts else None
    bought.open_count, bought.open_cents = len(debts), first.cents if first else 0
    bought.open_number = first.number if first else ""
    bought.open_due = first.due if first else None
    bought.open_by_mail = first is not None and first.by_mail
    bought.due_count, bought.due_cents = len(due), sum(debt.cents for debt in due)
    bought.retried_since = retried_since


def _owed_since(contract: Contract, known: datetime | None) -> datetime | None:
    if contract.status in OWED_FOR:
        return contract.owed_since or known or contract.now
    return contract.owed_since


def _standing(contract: Contract, bought: Subscription) -> str:
    if bought.past_due_since is not None:  # by whatever subscription: a new one does not pay for the old
        return Standing.SUSPENDED if contract.now >= bought.past_due_since + GRACE else Standing.PAST_DUE
    if contract.status in ("active", "trialing"):
        return Standing.GOOD
    if contract.status in NEVER_BEGUN and bought.standing == Standing.NONE:
        return Standing.NONE  # a first payment that is not through yet opens nothing, and takes nothing away
    return Standing.ENDED  # nor does it keep up what came before it, and counts no more


def _put_in_force(bought: Subscription, *, left: bool) -> None:
    """What was bought becomes what the workspace may use; Free for whoever `left`, though they may owe."""
    standing = Standing(bought.standing)
    if standing == Standing.NONE:
        return
    # Of whoever owes for the plan before, a new one that is not paid for does not count either.
    over = left or standing == Standing.ENDED or bought.status in NEVER_BEGUN
    before = Tenant.objects.filter(id=bought.tenant_id).first()
    plan, state = "free" if over else bought.plan, _STATES[standing]
    version, extra = None if over else bought.plan_version, extra_connections(bought)
    changed = tenants.entitle(
        bought.tenant_id, plan=plan, version=version, extra_connections=extra, state=state
    )
    if not changed or before is None:
        return
    if (before.plan, before.state) != (plan, state):
        run_in_tenant(before, _note_change, before.plan, plan, state)
    if before.plan != plan:
        tell_webhooks(before.pk, "plan.changed", {"plan": plan, "before": before.plan})


def _note_change(before: str, plan: str, state: str) -> None:
    record(Action.PLAN_CHANGED, plan, before=before, state=str(state))
