"""Prices, lookup keys, tax ids; meters, and usage on an invoice."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import stripe

from stripe_stand_in import clock as periods
from stripe_stand_in.billing import amounts
from tests.stripe_stand_in.running import DAY, StandIn

START = 1_800_000_000


def meter(stand_in: StandIn, formula: str = "sum") -> stripe.billing.Meter:
    name = f"messages_{uuid.uuid4().hex[:8]}"
    given: Any = {"display_name": "Messages", "event_name": name, "default_aggregation": {"formula": formula}}
    return stand_in.v1.billing.meters.create(given)


def report(stand_in: StandIn, of: stripe.billing.Meter, customer: str, value: int, **more: Any) -> Any:
    payload = {"stripe_customer_id": customer, "value": str(value)}
    given: Any = {"event_name": of.event_name, "payload": payload, **more}
    return stand_in.v1.billing.meter_events.create(given)


def metered(stand_in: StandIn, of: stripe.billing.Meter, **amount: Any) -> stripe.Price:
    product = stand_in.v1.products.create({"name": "Overage"})
    recurring = {"interval": "month", "usage_type": "metered", "meter": of.id}
    given: Any = {"product": product.id, "currency": "usd", "recurring": recurring, **amount}
    return stand_in.v1.prices.create(given)


def test_a_lookup_key_is_one_prices_and_moves_only_when_asked(stand_in: StandIn) -> None:
    key = f"pro_{uuid.uuid4().hex}"
    first = stand_in.price(4900, lookup_key=key)
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        stand_in.price(5900, lookup_key=key)
    second = stand_in.price(5900, lookup_key=key, transfer_lookup_key=True)
    assert [price.id for price in stand_in.v1.prices.list({"lookup_keys": [key]}).data] == [second.id]
    assert stand_in.v1.prices.retrieve(first.id).lookup_key is None


def test_an_inactive_price_starts_nothing_and_goes_on_where_it_runs(stand_in: StandIn) -> None:
    price, customer = stand_in.price(4900), stand_in.customer()
    given: Any = {"customer": customer.id, "items": [{"price": price.id}]}
    made = stand_in.v1.subscriptions.create(given)
    stand_in.v1.prices.update(price.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        stand_in.v1.subscriptions.create(given)
    assert stand_in.v1.subscriptions.retrieve(made.id).status == "active"
    assert stand_in.v1.prices.list({"product": str(price.product), "active": True}).data == []


def test_tax_ids_are_checked_listed_and_put_on_invoices(stand_in: StandIn) -> None:
    customer = stand_in.customer()
    good: Any = {"type": "eu_vat", "value": "DE123456789"}
    made = stand_in.v1.customers.tax_ids.create(customer.id, good)
    assert made.verification is not None
    assert (made.country, made.verification.status) == ("DE", "verified")
    bad: Any = {"type": "eu_vat", "value": "nonsense!"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.v1.customers.tax_ids.create(customer.id, bad)
    assert refused.value.code == "tax_id_invalid"
    given: Any = {"customer": customer.id, "items": [{"price": stand_in.price(100).id}]}
    stand_in.v1.subscriptions.create(given)
    invoice: Any = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert [one.value for one in invoice.customer_tax_ids] == ["DE123456789"]
    stand_in.v1.customers.tax_ids.delete(customer.id, made.id)
    assert stand_in.v1.customers.tax_ids.list(customer.id).data == []


def test_usage_is_billed_at_the_end_of_its_period_the_late_report_included(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    counted = meter(stand_in)
    overage = metered(stand_in, counted, unit_amount_decimal="0.5")
    given: Any = {
        "customer": customer.id,
        "items": [{"price": stand_in.price(4900).id}, {"price": overage.id}],
    }
    made: Any = stand_in.v1.subscriptions.create(given)
    stand_in.advance(clock, days=10)
    report(stand_in, counted, customer.id, 1000)
    end = made["items"].data[0].current_period_end
    stand_in.advance(clock, to=end + 600)
    report(stand_in, counted, customer.id, 7, timestamp=end - 60)
    report(stand_in, counted, customer.id, 5000)
    stand_in.advance(clock, to=end + 2 * 3600)
    invoice: Any = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert {line.description: line.amount for line in invoice.lines.data} == {
        "1007 × Overage (at $0.005 / month)": 504,
        "1 × Pro (at $49.00 / month)": 4900,
    }
    preview: Any = stand_in.v1.invoices.create_preview({"subscription": made.id})
    assert preview.total == 2500 + 4900


def test_a_repeated_identifier_counts_once(stand_in: StandIn) -> None:
    customer = stand_in.customer()
    counted = meter(stand_in)
    report(stand_in, counted, customer.id, 25, identifier="day-1")
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier day-1") as refused:
        report(stand_in, counted, customer.id, 25, identifier="day-1")
    assert refused.value.code == "duplicate_meter_event"
    now = int(stand_in.control("/", "GET")["now"])
    window: Any = {
        "customer": customer.id,
        "start_time": now // 60 * 60 - 60,
        "end_time": now // 60 * 60 + 120,
    }
    summaries = stand_in.v1.billing.meters.event_summaries.list(counted.id, window)
    assert [one.aggregated_value for one in summaries.data] == [25]


@pytest.mark.parametrize(("formula", "expected"), [("sum", 12), ("count", 3), ("last", 2)])
def test_a_meter_adds_up_as_it_says_and_each_customer_by_itself(
    stand_in: StandIn, formula: str, expected: int
) -> None:
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": START}).id
    alice, mallory = (stand_in.customer(card="", test_clock=clock) for _ in range(2))
    counted = meter(stand_in, formula)
    for place, value in enumerate((7, 3, 2)):
        report(stand_in, counted, alice.id, value, timestamp=START + place)
    window: Any = {"start_time": START, "end_time": START + DAY - START % DAY, "customer": alice.id}
    window["start_time"] = START // DAY * DAY
    totals = stand_in.v1.billing.meters.event_summaries.list(counted.id, window).data
    assert [one.aggregated_value for one in totals] == [expected]
    hourly: Any = {**window, "value_grouping_window": "hour"}
    by_hour = stand_in.v1.billing.meters.event_summaries.list(counted.id, hourly)
    assert [one.aggregated_value for one in by_hour.data] == [expected]
    window["customer"] = mallory.id
    assert [
        one.aggregated_value
        for one in stand_in.v1.billing.meters.event_summaries.list(counted.id, window).data
    ] == [0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"event_name": "nobody_counts_this"}, "no_meter"),
        ({"timestamp": START - 36 * DAY}, "timestamp_too_far_in_past"),
        ({"timestamp": START + 600}, "timestamp_in_future"),
        ({"payload": {"stripe_customer_id": "cus_nobody", "value": "1"}}, "resource_missing"),
    ],
    ids=["unknown meter", "too old", "in the future", "nobody"],
)
def test_an_event_that_cannot_be_counted_is_refused(stand_in: StandIn, change: Any, code: str) -> None:
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": START}).id
    customer = stand_in.customer(card="", test_clock=clock)
    counted = meter(stand_in)
    given: Any = {
        "event_name": counted.event_name,
        "payload": {"stripe_customer_id": customer.id, "value": "1"},
    }
    assert stand_in.v1.billing.meter_events.create(given)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.v1.billing.meter_events.create(given | change)
    assert refused.value.code == code


def test_usage_of_the_last_period_is_billed_when_a_cancelled_subscription_ends(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    counted = meter(stand_in)
    given: Any = {"customer": customer.id, "items": [{"price": metered(stand_in, counted, unit_amount=2).id}]}
    made = stand_in.v1.subscriptions.create(given)
    stand_in.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    report(stand_in, counted, customer.id, 300)
    stand_in.advance(clock, days=32)
    last: Any = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert (stand_in.v1.subscriptions.retrieve(made.id).status, last.amount_paid) == ("canceled", 600)


def test_a_yearly_plan_may_carry_monthly_usage(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    counted = meter(stand_in)
    yearly, overage = stand_in.price(49000, interval="year"), metered(stand_in, counted, unit_amount=1)
    given: Any = {"customer": customer.id, "items": [{"price": yearly.id}, {"price": overage.id}]}
    stand_in.v1.subscriptions.create(given)
    report(stand_in, counted, customer.id, 1234)
    stand_in.advance(clock, days=31.1)
    invoices: Any = stand_in.v1.invoices.list({"customer": customer.id}).data
    assert [invoice.total for invoice in invoices] == [1234, 49000]


TIERS: Any = {
    "billing_scheme": "tiered",
    "transform_quantity": None,
    "_tiers": [
        {"up_to": 10, "unit_amount_decimal": "100", "flat_amount_decimal": None},
        {"up_to": None, "unit_amount_decimal": "50", "flat_amount_decimal": "500"},
    ],
}


@pytest.mark.parametrize(
    ("mode", "units", "cents"),
    [
        ("graduated", 10, 1000),
        ("graduated", 12, 1600),
        ("volume", 10, 1000),
        ("volume", 12, 1100),
        ("graduated", 0, 0),
    ],
)
def test_tiers_are_added_up_as_stripe_does(mode: str, units: int, cents: int) -> None:
    assert amounts.of({**TIERS, "tiers_mode": mode}, units) == cents


@pytest.mark.parametrize(
    ("start", "interval", "expected"),
    [
        ("2027-01-31T10:00:00", "month", "2027-02-28T10:00:00"),
        ("2027-02-28T10:00:00", "month", "2027-03-31T10:00:00"),
        ("2028-02-29T10:00:00", "year", "2029-02-28T10:00:00"),
    ],
)
def test_periods_keep_to_the_day_of_their_anchor(start: str, interval: str, expected: str) -> None:
    def seconds(text: str) -> int:
        from datetime import UTC, datetime

        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())

    anchor = seconds("2027-01-31T10:00:00" if interval == "month" else start)
    assert periods.period_end(anchor, seconds(start), interval, 1) == seconds(expected)


def with_usage(stand_in: StandIn, **more: Any) -> tuple[str, Any, Any, Any]:
    """A clock, a plan with usage at 6.00 a piece, the meter, and the price of 4.00 a piece that may follow."""
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    counted = meter(stand_in)
    dear, cheap = (metered(stand_in, counted, unit_amount=cents) for cents in (600, 400))
    items = [{"price": stand_in.price(4900).id}, {"price": dear.id}]
    given: Any = {"customer": customer.id, "items": items, **more}
    return clock, stand_in.v1.subscriptions.create(given), counted, cheap


def metered_id(made: Any) -> str:
    return next(str(one.id) for one in made["items"].data if one.price.recurring.usage_type == "metered")


def billed(invoice: Any) -> list[tuple[str, int]]:
    """What is on an invoice for usage."""
    return [(line.description, line.amount) for line in invoice.lines.data if "Overage" in line.description]


@pytest.mark.parametrize(
    ("behavior", "at_once", "at_the_end"),
    [
        ("always_invoice", [("7 × Overage (at $6.00 / month)", 4200)], []),
        ("create_prorations", None, [("7 × Overage (at $6.00 / month)", 4200)]),
        ("none", None, []),
    ],
)
def test_usage_until_a_change_of_its_price_has_the_price_of_until_then(
    stand_in: StandIn, behavior: str, at_once: Any, at_the_end: Any
) -> None:
    clock, made, counted, cheap = with_usage(stand_in)
    stand_in.advance(clock, days=20)
    report(stand_in, counted, made.customer, 7)
    stand_in.advance(clock, days=1)
    change: Any = {"items": [{"id": metered_id(made), "price": cheap.id}], "proration_behavior": behavior}
    preview: Any = {"customer": made.customer, "subscription": made.id, "subscription_details": change}
    drawn: Any = stand_in.v1.invoices.create_preview(preview)
    assert sum(cents for _, cents in billed(drawn)) == (0 if behavior == "none" else 4200)
    stand_in.v1.subscriptions.update(made.id, change)
    if at_once is not None:
        newest: Any = stand_in.v1.invoices.list({"customer": made.customer}).data[0]
        assert (billed(newest), newest.status) == (at_once, "paid")
    stand_in.advance(clock, days=1)
    report(stand_in, counted, made.customer, 2)
    stand_in.advance(clock, to=made["items"].data[0].current_period_end + 2 * 3600)
    last: Any = stand_in.v1.invoices.list({"customer": made.customer}).data[0]
    assert sorted(billed(last)) == sorted([*at_the_end, ("2 × Overage (at $4.00 / month)", 800)])
    stand_in.advance(clock, days=31)
    later: Any = stand_in.v1.invoices.list({"customer": made.customer}).data[0]
    assert billed(later) == [("0 × Overage (at $4.00 / month)", 0)]


def test_in_classic_billing_mode_that_usage_is_nobodys(stand_in: StandIn) -> None:
    clock, made, counted, cheap = with_usage(stand_in, billing_mode={"type": "classic"})
    stand_in.advance(clock, days=20)
    report(stand_in, counted, made.customer, 7)
    stand_in.advance(clock, days=1)
    items: Any = [{"id": metered_id(made), "price": cheap.id}]
    stand_in.v1.subscriptions.update(made.id, {"items": items, "proration_behavior": "always_invoice"})
    stand_in.advance(clock, to=made["items"].data[0].current_period_end + 2 * 3600)
    last: Any = stand_in.v1.invoices.list({"customer": made.customer}).data[0]
    assert (billed(last), last.total) == ([("0 × Overage (at $4.00 / month)", 0)], 4900)


def test_usage_before_a_price_came_is_not_billed_by_it_and_what_came_before_it_went_is(
    stand_in: StandIn,
) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    counted = meter(stand_in)
    given: Any = {"customer": customer.id, "items": [{"price": stand_in.price(4900).id}]}
    made: Any = stand_in.v1.subscriptions.create(given)
    report(stand_in, counted, customer.id, 5)
    stand_in.advance(clock, days=2)
    price = metered(stand_in, counted, unit_amount=600)
    item = stand_in.v1.subscription_items.create({"subscription": made.id, "price": price.id})
    stand_in.advance(clock, days=2)
    report(stand_in, counted, customer.id, 3)
    stand_in.advance(clock, days=2)
    stand_in.v1.subscription_items.delete(item.id)
    stand_in.advance(clock, to=made["items"].data[0].current_period_end + 2 * 3600)
    last: Any = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert billed(last) == [("3 × Overage (at $6.00 / month)", 1800)]
