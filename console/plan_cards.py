"""The plans side by side on the billing page: what each costs, how it differs, and how to come by it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from billing.reading import Billing, can_buy, reasons_against, what_stays
from console.money import usd
from tenants.directory import TenantInfo
from tenants.plans import OVERAGE_BLOCK, PLANS, TRIAL_DAYS, Interval, Plan

Act = Literal["", "checkout", "change", "cancel"]


_NOTHING: Final[tuple[Act, str]] = ("", "")


@dataclass(frozen=True, slots=True)
class Card:
    """One plan. `act` is what its button does, `reasons` why the workspace does not fit it yet;
    Free, which is always open to whoever cancels, has what `stays` instead. `over`: the plan that it was, until Stripe
    ended it for want of payment."""

    plan: Plan
    price: str
    per: str
    hint: str
    overage: str
    mine: bool
    over: bool
    booked: datetime | None
    reasons: tuple[str, ...]
    stays: tuple[str, ...]
    act: Act
    words: str


def cards(tenant: TenantInfo, billing: Billing, interval: Interval) -> list[Card]:
    """One card a plan, with prices by `interval`. The plan in force is shown as it was bought."""
    return [_card(tenant, billing, interval, plan) for plan in PLANS.values()]


def _card(tenant: TenantInfo, billing: Billing, interval: Interval, sold: Plan) -> Card:
    has = billing.plan.key == sold.key
    mine = has and not billing.over
    plan = billing.plan if mine else sold
    booked = _booked(billing, plan, interval)
    reasons = () if has or booked or not plan.paid else reasons_against(tenant, plan)
    act, words = _button(billing, plan, interval, mine) if not booked else _NOTHING
    return Card(
        plan=plan,
        price=usd(plan.cents(interval)),
        per=f"a {interval}",
        hint=_hint(plan, interval),
        overage=overage_words(plan),
        mine=mine,
        over=has and billing.over,
        booked=booked,
        reasons=reasons,
        stays=what_stays(tenant, plan) if act == "cancel" or (booked and not plan.paid) else (),
        act=act,
        words=words,
    )


def _booked(billing: Billing, plan: Plan, interval: Interval) -> datetime | None:
    """From when this very plan is in force, where that is settled."""
    if billing.ends_at:
        return billing.ends_at if not plan.paid else None
    coming = billing.next_plan
    same = coming and coming.key == plan.key and billing.next_interval in (interval, None)
    return billing.next_at if same else None


def _button(billing: Billing, plan: Plan, interval: Interval, mine: bool) -> tuple[Act, str]:
    if not can_buy():
        return _NOTHING
    if not billing.subscribed:
        if not plan.paid or billing.invoice:  # nothing more is sold before it is paid
            return _NOTHING
        return "checkout", f"Try {TRIAL_DAYS} days free" if billing.trial_open else f"Buy {plan.name}"
    if not plan.paid:
        return "cancel", "Change to Free"
    if billing.ends_at or billing.standing in ("past_due", "suspended"):
        return _NOTHING
    if not mine:
        return "change", f"Change to {plan.name}"
    return _NOTHING if billing.interval == interval else ("change", f"Pay by the {interval}")


def _hint(plan: Plan, interval: Interval) -> str:
    if not plan.paid:
        return "No card asked."
    if interval == "year":
        return f"{usd(round(plan.yearly_usd * 100 / 12))} a month."
    saved = 12 * plan.price_usd - plan.yearly_usd
    return f"By the year ${plan.yearly_usd:,}: ${saved:,} less." if saved > 0 else ""


def overage_words(plan: Plan) -> str:
    """What connections beyond the plan cost."""
    if plan.overage_usd is None:
        return "At the limit, further visitors wait."
    return f"{OVERAGE_BLOCK} more connections ${plan.overage_usd} a month, only if you turn that on."
