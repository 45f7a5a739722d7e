"""Another plan for somebody who pays for one: dearer at once, cheaper when what was paid for is used up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from billing import usage
from billing.actions.buy import sold
from billing.actions.holding import held, running_contract
from billing.actions.leave import cancel_held
from billing.actions.owing import owed_in_words, refuse_while_owing
from billing.actions.refresh import bring_up_to_date
from billing.errors import BillingRefused, DoesNotFit
from billing.gateway import paperwork, writing
from billing.gateway.contracts import Bought, Contract
from billing.gateway.prices import overage_key, price_id, price_key
from billing.models import Subscription
from tenants import directory
from tenants.directory import TenantInfo
from tenants.hosts import tenant_host
from tenants.models import Tenant
from tenants.plans import PLANS, Interval, Plan, plan_of

FREE: Final = "free"
Kind = Literal["upgrade", "downgrade", "same"]


@dataclass(frozen=True, slots=True)
class Change:
    """What was done: in force `now`, or from `at` (None: at once)."""

    now: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do. `due_cents` is charged at once (negative: a credit), and made of `lines` of words and US
    cents; on trial nothing is, and they make up `later_cents`, charged `later_at`. `reasons` say why it cannot be done
    as things stand, `owed` whether that is an unpaid invoice. `takes_back`: a cancellation ends with it."""

    kind: Kind
    now: bool
    at: datetime | None
    due_cents: int
    lines: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...]
    owed: bool = False
    later_cents: int = 0
    later_at: datetime | None = None
    takes_back: bool = False


def change_plan(tenant_id: int, plan: str, interval: Interval) -> Change:
    """Change plan or interval. Raises CardDeclined (nothing changed), DoesNotFit, and BillingRefused for the rest."""
    with held(tenant_id) as bought:
        contract = running_contract(bought)
        if plan == FREE:
            _refuse_a_misfit(tenant_id, PLANS[FREE])
            change = _later(cancel_held(bought, contract))
        else:
            change = _change(bought, contract, sold(plan), interval)
        bring_up_to_date(bought)
    return change


def preview_change(tenant_id: int, plan: str, interval: Interval) -> Preview:
    """What `change_plan` would do, to the cent. Changes nothing."""
    bought = Subscription.objects.filter(tenant_id=tenant_id).first() or Subscription(tenant_id=tenant_id)
    contract = running_contract(bought)
    if plan == FREE:
        ends = contract.trial_end if contract.status == "trialing" else contract.period_end
        return Preview("downgrade", False, ends, 0, (), _reasons(tenant_id, PLANS[FREE]))
    wanted = sold(plan)
    kind = _kind(contract.bought, wanted, interval)
    owed = owed_in_words(contract)
    reasons = owed + (_reasons(tenant_id, wanted) if kind == "downgrade" else ())
    back = contract.cancel_at is not None
    if not _at_once(kind, contract):
        return Preview(kind, False, contract.period_end, 0, (), reasons, bool(owed), takes_back=back)
    drawn = paperwork.preview(contract, _items(contract, wanted, interval))
    if contract.status == "trialing":
        later = (drawn.due_cents, contract.trial_end)
        return Preview(kind, True, None, 0, drawn.lines, reasons, bool(owed), *later, takes_back=back)
    return Preview(kind, True, None, drawn.due_cents, drawn.lines, reasons, bool(owed), takes_back=back)


def keep_plan(tenant_id: int) -> None:
    """Take back a change that is booked for the end of the period."""
    with held(tenant_id) as bought:
        writing.forget_later(running_contract(bought))
        bring_up_to_date(bought)


def _change(bought: Subscription, contract: Contract, wanted: Plan, interval: Interval) -> Change:
    kind = _kind(contract.bought, wanted, interval)
    refuse_while_owing(contract)
    if contract.status in ("past_due", "unpaid"):
        raise BillingRefused("An invoice is open. Pay it first, then change the plan.")
    if kind == "downgrade":
        _refuse_a_misfit(bought.tenant_id, wanted)
    writing.forget_later(contract)
    if contract.cancel_at is not None:
        writing.keep_on(contract)  # whoever chooses a plan does not want to leave
    if kind == "same":
        return Change(True, None)
    items = _items(contract, wanted, interval)
    if _at_once(kind, contract):
        writing.change_now(contract, items)
        return Change(True, None)
    later = [{"price": one["price"]} for one in items]
    writing.change_later(contract, _present_items(contract), later, interval)
    return _later(contract.period_end)


def _kind(bought: Bought, wanted: Plan, interval: Interval) -> Kind:
    if (bought.plan, bought.version, bought.interval) == (wanted.key, wanted.version, interval):
        return "same"
    before = plan_of(bought.plan, bought.version)
    if before.key == wanted.key:
        if bought.interval == interval:  # a newer version of the same plan
            return "upgrade" if wanted.price_usd >= before.price_usd else "downgrade"
        return "upgrade" if interval == "year" else "downgrade"
    return "upgrade" if wanted.price_usd > before.price_usd else "downgrade"


def _at_once(kind: Kind, contract: Contract) -> bool:
    """On trial nothing has been paid for that would have to be used up first."""
    return kind != "downgrade" or contract.status == "trialing"


def _items(contract: Contract, wanted: Plan, interval: Interval) -> list[dict[str, Any]]:
    items = [{"id": contract.bought.item_id, "price": price_id(price_key(wanted, interval))}]
    if contract.metered_item:
        items.append({"id": contract.metered_item, "price": price_id(overage_key(wanted))})
    return items


def _present_items(contract: Contract) -> list[dict[str, Any]]:
    items = [{"price": contract.bought.price_id, "quantity": 1}]
    if contract.metered_price:
        items.append({"price": contract.metered_price})
    return items


def _later(at: datetime | None) -> Change:
    return Change(at is None, at)


def _refuse_a_misfit(tenant_id: int, wanted: Plan) -> None:
    if reasons := _reasons(tenant_id, wanted):
        raise DoesNotFit(f"The workspace does not fit {wanted.name} yet.", reasons)


def _reasons(tenant_id: int, wanted: Plan) -> tuple[str, ...]:
    return tuple(misfit.sentence for misfit in usage.misfits(_tenant(tenant_id), wanted))


def _tenant(tenant_id: int) -> TenantInfo:
    slug = Tenant.objects.values_list("slug", flat=True).get(pk=tenant_id)
    found = directory.look_up(tenant_host(slug))
    assert found is not None
    return found
