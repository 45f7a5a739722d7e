"""Subscription schedules: a downgrade waits for the end of the period."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.stripe_stand_in.running import StandIn, item_of
from tests.stripe_stand_in.test_portal_page import portal
from tests.stripe_stand_in.test_prices_and_meters import (
    billed,
    meter,
    metered,
    metered_id,
    report,
    with_usage,
)


def downgrade(stand_in: StandIn, **more: Any) -> tuple[str, Any, Any, stripe.Price, stripe.Price]:
    """A subscription to something big that will become something small."""
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    small, big = stand_in.price(3000), stand_in.price(9000, name="Business")
    given: Any = {"customer": customer.id, "items": [{"price": big.id}]}
    made = stand_in.v1.subscriptions.create(given)
    schedule = stand_in.v1.subscription_schedules.create({"from_subscription": made.id})
    now = schedule.phases[0]
    phases: Any = [
        {"items": [{"price": big.id, "quantity": 1}], "start_date": now.start_date, "end_date": now.end_date},
        {
            "items": [{"price": small.id, "quantity": 1}],
            "proration_behavior": "none",
            "duration": {"interval": "month"},
        },
    ]
    changed: Any = {"phases": phases, **more}
    schedule = stand_in.v1.subscription_schedules.update(schedule.id, changed)
    return clock, schedule, made, small, big


def test_the_next_phase_begins_with_the_next_period_without_proration(stand_in: StandIn) -> None:
    clock, schedule, made, small, big = downgrade(stand_in)
    now = stand_in.v1.subscriptions.retrieve(made.id)
    assert (now.schedule, item_of(now).price.id) == (schedule.id, big.id)
    assert stand_in.v1.invoices.create_preview({"subscription": made.id}).total == 3000
    stand_in.advance(clock, to=item_of(made).current_period_end + 2 * 3600)
    then: Any = stand_in.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (item_of(then).price.id, then.latest_invoice.amount_paid) == (small.id, 3000)
    assert item_of(then).id == item_of(made).id
    stand_in.advance(clock, days=31)
    released = stand_in.v1.subscription_schedules.retrieve(schedule.id)
    assert (released.status, released.released_subscription) == ("released", made.id)
    after = stand_in.v1.subscriptions.retrieve(made.id)
    assert (after.schedule, after.status) == (None, "active")


def test_a_released_schedule_changes_nothing_any_more(stand_in: StandIn) -> None:
    clock, schedule, made, _, big = downgrade(stand_in)
    assert stand_in.v1.subscription_schedules.release(schedule.id).status == "released"
    stand_in.advance(clock, days=31.1)
    assert item_of(stand_in.v1.subscriptions.retrieve(made.id)).price.id == big.id
    with pytest.raises(stripe.InvalidRequestError, match="released"):
        stand_in.v1.subscription_schedules.release(schedule.id)


def test_a_schedule_may_end_its_subscription(stand_in: StandIn) -> None:
    clock, schedule, made, _, _ = downgrade(stand_in, end_behavior="cancel")
    stand_in.advance(clock, days=63)
    assert stand_in.v1.subscriptions.retrieve(made.id).status == "canceled"
    assert stand_in.v1.subscription_schedules.retrieve(schedule.id).status == "completed"


def test_cancelling_a_subscription_ends_its_schedule(stand_in: StandIn) -> None:
    _, schedule, made, _, _ = downgrade(stand_in)
    stand_in.v1.subscriptions.cancel(made.id)
    assert stand_in.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"


def test_a_subscription_has_at_most_one_schedule(stand_in: StandIn) -> None:
    _, _, made, _, _ = downgrade(stand_in)
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        stand_in.v1.subscription_schedules.create({"from_subscription": made.id})


def test_a_schedule_may_begin_a_subscription_later(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    now = stand_in.v1.test_helpers.test_clocks.retrieve(clock).frozen_time
    given: Any = {"customer": customer.id, "start_date": now + 86400}
    given["phases"] = [{"items": [{"price": stand_in.price(3000).id}], "duration": {"interval": "month"}}]
    schedule = stand_in.v1.subscription_schedules.create(given)
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    stand_in.advance(clock, days=1.1)
    begun = stand_in.v1.subscription_schedules.retrieve(schedule.id)
    assert begun.status == "active"
    assert stand_in.v1.subscriptions.retrieve(str(begun.subscription)).status == "active"


def test_a_downgrade_in_the_portal_waits_for_the_end_of_the_year_that_is_paid(stand_in: StandIn) -> None:
    """Though what is metered beside it has a period of a month."""
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    big, small = stand_in.price(99_000, interval="year"), stand_in.price(9_000, interval="year")
    overage = metered(stand_in, meter(stand_in), unit_amount=600)
    given: Any = {"customer": customer.id, "items": [{"price": big.id}, {"price": overage.id}]}
    made = stand_in.v1.subscriptions.create(given)

    def held() -> Any:
        items = stand_in.v1.subscriptions.retrieve(made.id).to_dict()["items"]["data"]
        return next(item for item in items if "quantity" in item)

    ends = held()["current_period_end"]
    url = portal(stand_in, customer, big, small)
    asked = {"subscription": made.id, "price": small.id}
    assert httpx.post(f"{url}/plan", data=asked).headers["location"].endswith("done=plan-end")
    stand_in.advance(clock, days=95)
    assert (held()["price"]["id"], held()["current_period_end"]) == (big.id, ends)
    stand_in.advance(clock, to=ends + 2 * 3600)
    assert (held()["price"]["id"], held()["current_period_start"]) == (small.id, ends)


@pytest.mark.parametrize(
    "given", [{"cancel_at_period_end": True}, {"cancel_at_period_end": False}, {"cancel_at": ""}]
)
def test_what_a_schedule_manages_is_not_cancelled_past_it(stand_in: StandIn, given: Any) -> None:
    _, schedule, made, small, _ = downgrade(stand_in)
    with pytest.raises(
        stripe.InvalidRequestError, match=f"managed by the subscription schedule `{schedule.id}`"
    ):
        stand_in.v1.subscriptions.update(made.id, given)
    assert stand_in.v1.subscriptions.retrieve(made.id).cancel_at is None
    items: Any = [{"id": item_of(made).id, "price": small.id}]
    assert item_of(stand_in.v1.subscriptions.update(made.id, {"items": items})).price.id == small.id
    stand_in.v1.subscription_schedules.release(schedule.id)
    stand_in.v1.subscriptions.update(made.id, given)


@pytest.mark.parametrize("kept", [True, False], ids=["another price", "no usage any more"])
def test_usage_of_a_phase_is_billed_once_at_its_price_with_what_was_reported_late(
    stand_in: StandIn, kept: bool
) -> None:
    clock, made, counted, cheap = with_usage(stand_in)
    plan, now = item_of(made).price.id, stand_in.v1.subscriptions.retrieve(made.id)
    dear = next(one.price.id for one in now["items"].data if one.id == metered_id(made))
    small = stand_in.price(3000)
    ends = item_of(made).current_period_end
    schedule = stand_in.v1.subscription_schedules.create({"from_subscription": made.id})
    phases: Any = [
        {
            "items": [{"price": plan, "quantity": 1}, {"price": dear}],
            "start_date": schedule.phases[0].start_date,
            "end_date": ends,
        },
        {
            "items": [{"price": small.id}, *([{"price": cheap.id}] if kept else [])],
            "proration_behavior": "none",
            "duration": {"interval": "month"},
        },
    ]
    stand_in.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    stand_in.advance(clock, days=5)
    report(stand_in, counted, str(made.customer), 3)
    stand_in.advance(clock, to=ends + 600)
    report(stand_in, counted, str(made.customer), 1, timestamp=ends - 60)
    stand_in.advance(clock, to=ends + 2 * 3600)
    last: Any = stand_in.v1.invoices.list({"customer": str(made.customer)}).data[0]
    many = 4 if kept else 3
    assert billed(last) == [(f"{many} × Overage (at $6.00 / month)", many * 600)]
    assert last.total == 3000 + many * 600
    report(stand_in, counted, str(made.customer), 2)
    stand_in.advance(clock, days=32)
    later: Any = stand_in.v1.invoices.list({"customer": str(made.customer)}).data[0]
    assert billed(later) == ([("2 × Overage (at $4.00 / month)", 800)] if kept else [])
