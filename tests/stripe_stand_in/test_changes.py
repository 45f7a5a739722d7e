"""Upgrades and downgrades of a running subscription: what is charged when."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_stand_in.running import DAY, StandIn, again, item_of, lines, subscribe


def test_an_upgrade_half_way_charges_the_rest_of_the_difference_at_once(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    small, big = stand_in.price(3000), stand_in.price(9000, name="Business")
    made = subscribe(stand_in, customer, small)
    start, end = item_of(made).current_period_start, item_of(made).current_period_end
    stand_in.advance(clock, to=(start + end) // 2)
    given: Any = {
        "items": [{"id": item_of(made).id, "price": big.id}],
        "proration_behavior": "always_invoice",
    }
    preview = stand_in.v1.invoices.create_preview({"subscription": made.id, "subscription_details": given})
    assert item_of(again(stand_in, made)).price.id == small.id, "a preview changes nothing"
    stand_in.v1.subscriptions.update(made.id, given)
    now = again(stand_in, made)
    assert now.latest_invoice.status == "paid"
    assert now.latest_invoice.total == 3000 == preview.total
    assert lines(now.latest_invoice) == [
        ("Unused time on Pro after 30 Jan 2027", -1500),
        ("Remaining time on Business after 30 Jan 2027", 4500),
    ]
    assert all(line.parent.invoice_item_details.proration for line in now.latest_invoice.lines.data)
    assert item_of(now).current_period_end == end


def test_prorations_wait_for_the_next_invoice_or_are_none_as_asked(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    small, big = stand_in.price(3000), stand_in.price(9000, name="Business")
    totals = {}
    for behavior in ("create_prorations", "none"):
        made = subscribe(stand_in, stand_in.customer(test_clock=clock), small)
        change: Any = {"items": [{"id": item_of(made).id, "price": big.id}], "proration_behavior": behavior}
        changed = stand_in.v1.subscriptions.update(made.id, change)
        assert changed.latest_invoice == made.latest_invoice, "no invoice is made at once"
        totals[behavior] = made
    stand_in.advance(clock, days=31.1)
    assert again(stand_in, totals["create_prorations"]).latest_invoice.total == 9000 + 6000
    assert again(stand_in, totals["none"]).latest_invoice.total == 9000


def test_from_month_to_year_a_new_period_begins_and_what_is_unused_is_given_back(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    monthly, yearly = stand_in.price(3000), stand_in.price(30000, interval="year", name="Pro a year")
    made = subscribe(stand_in, customer, monthly)
    stand_in.advance(clock, days=15.5)
    stand_in.v1.subscriptions.update(made.id, {"items": [{"id": item_of(made).id, "price": yearly.id}]})
    now = again(stand_in, made)
    assert now.latest_invoice.total == 30000 - 1500
    assert now.billing_cycle_anchor == 1_800_000_000 + round(15.5 * DAY)
    assert item_of(now).current_period_end - now.billing_cycle_anchor == 365 * DAY


def test_a_downgrade_at_once_leaves_credit_that_the_next_invoice_uses(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    small, big = stand_in.price(3000), stand_in.price(9000, name="Business")
    made = subscribe(stand_in, customer, big)
    change: Any = {
        "items": [{"id": item_of(made).id, "price": small.id}],
        "proration_behavior": "always_invoice",
    }
    stand_in.v1.subscriptions.update(made.id, change)
    assert again(stand_in, made).latest_invoice.total == -6000
    assert stand_in.v1.customers.retrieve(customer.id).balance == -6000
    stand_in.advance(clock, days=31.1)
    renewal = again(stand_in, made).latest_invoice
    assert (renewal.total, renewal.starting_balance, renewal.amount_due) == (3000, -6000, 0)
    assert stand_in.v1.customers.retrieve(customer.id).balance == -3000


@pytest.mark.parametrize("behavior", ["error_if_incomplete", "pending_if_incomplete", "allow_incomplete"])
def test_an_upgrade_that_cannot_be_paid_does_what_was_asked(stand_in: StandIn, behavior: str) -> None:
    customer = stand_in.customer()
    small, big = stand_in.price(3000), stand_in.price(9000, name="Business")
    made = subscribe(stand_in, customer, small)
    stand_in.control(f"/customers/{customer.id}/cards", fail=True)
    change: Any = {
        "items": [{"id": item_of(made).id, "price": big.id}],
        "proration_behavior": "always_invoice",
        "payment_behavior": behavior,
    }
    if behavior == "error_if_incomplete":
        with pytest.raises(stripe.CardError):
            stand_in.v1.subscriptions.update(made.id, change)
    else:
        stand_in.v1.subscriptions.update(made.id, change)
    now = again(stand_in, made)
    kept = behavior != "allow_incomplete"
    assert item_of(now).price.id == (small.id if kept else big.id)
    assert now.status == ("active" if kept else "past_due")
    assert bool(now.pending_update) == (behavior == "pending_if_incomplete")
    if now.pending_update:
        stand_in.control(f"/customers/{customer.id}/cards", fail=False)
        stand_in.v1.invoices.pay(now.latest_invoice.id)
        paid = again(stand_in, made)
        assert (item_of(paid).price.id, paid.pending_update) == (big.id, None)
