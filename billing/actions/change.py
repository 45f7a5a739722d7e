"""Another plan for somebody who pays for one: dearer at once, cheaper when what was paid for is used up."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from billing import usage
from billing.actions.buy import BY_INVOICE, by_invoice_goes, sold
from billing.actions.holding import held, running_contract
from billing.actions.leave import cancel_held
from billing.actions.owing import owed_in_words, refuse_while_owing
from billing.actions.refresh import catch_up
from billing.actions.undoing import put_back_if_refused
from billing.actions.usage import settle_usage
from billing.errors import BillingRefused, BillingUnavailable, DoesNotFit
from billing.gateway import paperwork, writing
from billing.gateway.contracts import Bought, Contract
from billing.gateway.prices import overage_key, price_id, price_key
from billing.models import Subscription
from billing.models.subscription import OWED_FOR
from tenants import directory
from tenants.directory import TenantInfo
from tenants.hosts import tenant_host
from tenants.models import Tenant
from tenants.plans import PLANS, Interval, Plan, plan_of

FREE: Final = "free"
Kind = Literal["upgrade", "downgrade", "same"]


@dataclass(frozen=True, slots=True)
class Change:
    """What was done: in force `now`, or from `at` (None: at once). `still_booked`: Stripe stopped answering before what
    was booked or cancelled earlier was taken back, so that is still to come."""

    now: bool
    at: datetime | None
    still_booked: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do. `due_cents` is charged at once (negative: a credit), and made of `lines` of words and US
    cents; on trial nothing is, and they make up `later_cents`, charged `later_at`. `reasons` say why it cannot be done
    as things stand, `owed` whether that is an unpaid invoice, `by_card_first` whether it is that invoices come by mail.
    `takes_back`: a cancellation ends with it. What is due at once pays for the time until `next_at`, and
    `credit_cents` are to their credit then."""

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
    by_card_first: bool = False
    next_at: datetime | None = None
    credit_cents: int = 0


def change_plan(tenant_id: int, plan: str, interval: Interval) -> Change:
    """Change plan or interval. Raises CardDeclined, DoesNotFit, and BillingRefused for the rest: then nothing has
    changed. Raises HalfWay where Stripe stopped answering in the middle."""
    settle_usage(tenant_id)  # what was used until now has the price of until now
    with held(tenant_id) as bought:
        contract = running_contract(bought)
        if plan == FREE:
            _refuse_a_misfit(tenant_id, PLANS[FREE])
            change = _later(cancel_held(bought, contract))
        else:
            change = _change(bought, contract, sold(plan), interval)
        found = catch_up(bought)
    coming = found is not None and (found.next_bought is not None or found.cancel_at is not None)
    return replace(change, still_booked=coming) if change.now else change


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
    if kind != "same" and not owed and not _collected_so(contract, wanted, interval):
        return Preview(kind, False, None, 0, (), (BY_INVOICE,), by_card_first=True)
    reasons = owed + (_reasons(tenant_id, wanted) if kind == "downgrade" else ())
    back = contract.cancel_at is not None
    if not _at_once(kind, contract):
        return Preview(kind, False, contract.period_end, 0, (), reasons, bool(owed), takes_back=back)
    if contract.metered_item:
        settle_usage(tenant_id)  # as the change does: it is on the invoice that comes of it
    drawn = paperwork.preview(contract, _items(contract, wanted, interval))
    if contract.status == "trialing":
        later = (drawn.due_cents, contract.trial_end)
        return Preview(kind, True, None, 0, drawn.lines, reasons, bool(owed), *later, takes_back=back)
    return Preview(
        kind,
        True,
        None,
        drawn.due_cents,
        drawn.lines,
        reasons,
        bool(owed),
        takes_back=back,
        next_at=drawn.next_at,
        credit_cents=drawn.credit_cents,
    )


def keep_plan(tenant_id: int) -> None:
    """Take back a change that is booked for the end of the period."""
    with held(tenant_id) as bought:
        writing.forget_later(running_contract(bought))
        catch_up(bought)


def _change(bought: Subscription, contract: Contract, wanted: Plan, interval: Interval) -> Change:
    kind = _kind(contract.bought, wanted, interval)
    refuse_while_owing(contract)
    if contract.status in OWED_FOR:
        raise BillingRefused("An invoice is open. Pay it first, then change the plan.")
    if kind == "downgrade":
        _refuse_a_misfit(bought.tenant_id, wanted)
    if kind == "same":
        with put_back_if_refused(contract):
            _take_back(contract)
        return Change(True, None)
    if not _collected_so(contract, wanted, interval):
        raise BillingRefused(f"{BY_INVOICE} Pay by card again first.")
    items = _items(contract, wanted, interval)
    if _at_once(kind, contract):
        return _now(contract, items)
    _book(contract, [{"price": one["price"]} for one in items], interval)
    return _later(contract.period_end)


def _now(contract: Contract, items: list[dict[str, Any]]) -> Change:
    """What may be refused comes first: until the card has paid, what was booked or cancelled is as it was."""
    with put_back_if_refused(contract):
        writing.change_now(contract, items)
    if contract.schedule_id:
        with suppress(BillingUnavailable):  # it is paid for: whether it is still booked is looked at next
            _take_back(contract)
    return Change(True, None)


def _book(contract: Contract, later: list[dict[str, Any]], interval: Interval) -> None:
    with put_back_if_refused(contract):
        if contract.cancel_at is None:
            writing.change_later(contract, later, interval)
        else:
            _take_back(contract)
            writing.change_later(msgspec.structs.replace(contract, schedule_id=""), later, interval)


def _take_back(contract: Contract) -> None:
    """Whoever chooses a plan wants neither what was booked before, nor to leave."""
    writing.forget_later(contract)
    if contract.cancel_at is not None:
        writing.keep_on(contract)


def _collected_so(contract: Contract, wanted: Plan, interval: Interval) -> bool:
    """Whether what is wanted may be paid for in the way in which this contract is."""
    return contract.collection_method != "send_invoice" or by_invoice_goes(wanted.key, interval)


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
