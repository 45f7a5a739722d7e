"""What Stripe says of a customer now."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from billing.gateway.connection import plain, plain_list, speaking, time_of_answer
from billing.gateway.debts import Debt, unpaid_among

# A subscription that still counts goes before one that is over. Of two that count the one that began first is kept; of
# those that are over the last one tells how it stands.
_COUNTS: Final = ("active", "trialing", "past_due", "unpaid")
_WAITS: Final = ("incomplete", "paused")


class Bought(msgspec.Struct, frozen=True):
    """A plan as a price at Stripe names it."""

    plan: str
    version: int
    interval: str
    price_id: str
    item_id: str = ""


class Contract(msgspec.Struct, frozen=True):
    """A subscription as it is now. Moments are UTC. `metered_cents` is what a block of connections beyond the plan
    is billed at, 0 where nothing bills them. `debts` are the customer's unpaid invoices, from any subscription,
    `due` those of them that count by now, `drafts` the ids of those that a subscription which is over has left
    unsent. `now` is the time at Stripe, or of the test clock that the customer lives by. `credit_cents` is what the
    customer has to their credit, which the next invoices use up. `seconds` are other subscriptions that count too,
    and may not: a tenant has one."""

    id: str
    customer_id: str
    status: str
    bought: Bought
    metered_item: str
    metered_price: str
    metered_cents: int
    collection_method: str
    period_start: datetime
    period_end: datetime
    trial_end: datetime | None
    cancel_at: datetime | None
    ends_with_period: bool
    ended_unpaid: bool
    debts: tuple[Debt, ...]
    drafts: tuple[str, ...]
    due: tuple[Debt, ...]
    schedule_id: str
    next_bought: Bought | None
    next_at: datetime | None
    now: datetime
    test_clock: str
    credit_cents: int = 0
    seconds: tuple[str, ...] = ()

    @property
    def owed_since(self) -> datetime | None:
        """When the first of the debts fell due that count by now."""
        return self.due[0].due if self.due else None

    @property
    def retried_since(self) -> datetime | None:
        """When the first of those did that Stripe asks the card for, and whose last refusal may end the plan."""
        tried = (debt.due for debt in self.due if debt.subscription_id == self.id and not debt.by_mail)
        return next(tried, None)

    @property
    def left(self) -> bool:
        """Whether it was ended by somebody, and not by Stripe for want of payment."""
        return self.status == "canceled" and not self.ended_unpaid

    @property
    def taking_back(self) -> dict[str, Any]:
        """What takes a cancellation back: whoever cancelled in the portal has set a moment, and no flag."""
        if self.cancel_at is None:
            return {}
        return {"cancel_at_period_end": False} if self.ends_with_period else {"cancel_at": ""}


def contract_of(customer_id: str) -> Contract | None:
    """The customer's subscription: the one that counts, or the last one there was; None where there never was one."""
    with speaking() as api:
        answer = api.subscriptions.list(
            {"customer": customer_id, "status": "all", "limit": 100, "expand": ["data.customer"]}
        )
        found, now = plain_list(answer), time_of_answer(answer)
        known = [one for one in found if _licensed(one) is not None]
        if not known:
            return None
        # Stripe lists what is newer first: of two made in one second, the one further down is the older.
        kept = max(enumerate(known), key=_rank)[1]
        seconds = tuple(one["id"] for one in known if one["status"] in _COUNTS and one is not kept)
        now = _time_of_clock(api, kept["test_clock"]) if kept.get("test_clock") else now
        debts, drafts = unpaid_among(api, customer_id, known)
        return _contract(api, kept, debts, drafts, seconds, now)


def _rank(listed: tuple[int, Any]) -> tuple[int, int, int]:
    place, subscription = listed
    status, created = subscription["status"], subscription["created"]
    if status in _COUNTS:
        return 2, -created, place
    return (1 if status in _WAITS else 0), created, -place


def _contract(
    api: Any,
    subscription: Any,
    debts: tuple[Debt, ...],
    drafts: tuple[str, ...],
    seconds: tuple[str, ...],
    now: datetime,
) -> Contract:
    item, metered = _licensed(subscription), _metered(subscription)
    bought = bought_by(item["price"], item["id"])
    next_bought, next_at = _booked(api, subscription, bought)
    reason = (subscription.get("cancellation_details") or {}).get("reason")
    ended_unpaid = subscription["status"] == "canceled" and reason == "payment_failed"
    return Contract(
        id=subscription["id"],
        customer_id=subscription["customer"]["id"],
        status=subscription["status"],
        bought=bought,
        metered_item=metered["id"] if metered else "",
        metered_price=metered["price"]["id"] if metered else "",
        metered_cents=metered["price"]["unit_amount"] or 0 if metered else 0,
        collection_method=subscription["collection_method"],
        period_start=_required(item["current_period_start"]),
        period_end=_required(item["current_period_end"]),
        trial_end=moment(subscription.get("trial_end")),
        cancel_at=moment(subscription.get("cancel_at")),
        ends_with_period=bool(subscription.get("cancel_at_period_end")),
        ended_unpaid=ended_unpaid,
        debts=debts,
        drafts=drafts,
        due=_due(subscription, debts, now),
        schedule_id=subscription.get("schedule") or "",
        next_bought=next_bought,
        next_at=next_at,
        now=now,
        test_clock=subscription.get("test_clock") or "",
        # A balance below zero is owed to the customer.
        credit_cents=max(0, -(subscription["customer"].get("balance") or 0)),
        seconds=seconds,
    )


def bought_by(price: Any, item_id: str = "") -> Bought:
    """The plan that a price of ours is for."""
    words = price["metadata"]
    return Bought(
        words["snug_plan"], int(words["snug_version"]), price["recurring"]["interval"], price["id"], item_id
    )


def _licensed(subscription: Any) -> Any:
    """The item that is the plan itself; None where the subscription is none of ours."""
    for item in subscription["items"]["data"]:
        price = item["price"]
        if "snug_plan" in (price.get("metadata") or {}) and price["recurring"]["usage_type"] == "licensed":
            return item
    return None


def _metered(subscription: Any) -> Any:
    """The item that bills connections beyond the plan; None where there is none."""
    for item in subscription["items"]["data"]:
        price = item["price"]
        if "snug_plan" in (price.get("metadata") or {}) and price["recurring"]["usage_type"] == "metered":
            return item
    return None


def _booked(api: Any, subscription: Any, bought: Bought) -> tuple[Bought | None, datetime | None]:
    """The plan of the phase that comes next, where it is another one."""
    if not subscription.get("schedule") or subscription["status"] == "canceled":
        return None, None
    wanted = {"expand": ["phases.items.price"]}
    schedule = plain(api.subscription_schedules.retrieve(subscription["schedule"], wanted))
    current = (schedule.get("current_phase") or {}).get("end_date")
    for phase in schedule["phases"]:
        if current is not None and phase["start_date"] >= current:
            prices = [one["price"] for one in phase["items"]]
            coming = next(
                (bought_by(one) for one in prices if one["recurring"]["usage_type"] == "licensed"), None
            )
            if coming is not None and coming.price_id != bought.price_id:
                return coming, moment(phase["start_date"])
    return None, None


def _due(subscription: Any, debts: tuple[Debt, ...], now: datetime) -> tuple[Debt, ...]:
    """The debts that are due by now. The latest invoice for the card of a subscription in good standing is none yet: it
    is being collected, and Stripe says so when that fails. An earlier one is: whoever has paid a later invoice is in
    good standing with Stripe, and still owes what they did not pay before."""
    latest = subscription["latest_invoice"] if subscription["status"] in ("active", "trialing") else None

    def is_due(debt: Debt) -> bool:
        if debt.by_mail:
            return debt.due <= now and not debt.draft
        # What a card was asked for was due when it was asked: there is no date to wait for.
        return debt.invoice_id != latest

    return tuple(debt for debt in debts if is_due(debt))


def clock_of(test_clock: str) -> datetime:
    """The time of a test clock, which Stripe's test mode has for customers."""
    with speaking() as api:
        return _time_of_clock(api, test_clock)


def _time_of_clock(api: Any, test_clock: str) -> datetime:
    return _required(api.test_helpers.test_clocks.retrieve(test_clock).frozen_time)


def moment(seconds: int | None) -> datetime | None:
    """A moment as Stripe writes it."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _required(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
