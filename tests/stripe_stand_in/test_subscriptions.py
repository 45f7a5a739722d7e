"""The life of a subscription, over HTTP, by stripe-python."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_stand_in.running import DAY, StandIn, again, item_of, lines, subscribe


def test_a_trial_becomes_a_paid_subscription_by_itself(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    made = subscribe(stand_in, customer, stand_in.price(4900), trial_period_days=14)
    assert made.status == "trialing"
    assert item_of(made).current_period_end == made.trial_end == 1_800_000_000 + 14 * DAY
    first = again(stand_in, made).latest_invoice
    assert (first.status, first.total, lines(first)) == ("paid", 0, [("Trial period for Pro", 0)])

    stand_in.advance(clock, days=11.1)
    assert "customer.subscription.trial_will_end" in stand_in.receiver.types(customer.id)
    stand_in.advance(clock, days=3)
    now = again(stand_in, made)
    assert (now.status, now.latest_invoice.status, now.latest_invoice.amount_paid) == ("active", "paid", 4900)
    assert now.latest_invoice.billing_reason == "subscription_cycle"


def test_a_trial_without_a_card_ends_as_its_settings_say(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    price = stand_in.price(4900)
    ends = {}
    for missing in ("cancel", "pause", "create_invoice"):
        customer = stand_in.customer(card="", test_clock=clock)
        settings = {"end_behavior": {"missing_payment_method": missing}}
        ends[missing] = subscribe(stand_in, customer, price, trial_period_days=3, trial_settings=settings)
    stand_in.advance(clock, days=3.1)
    assert {missing: again(stand_in, made).status for missing, made in ends.items()} == {
        "cancel": "canceled",
        "pause": "paused",
        "create_invoice": "past_due",
    }
    customer_id = str(ends["pause"].customer)
    stand_in.v1.customers.update(
        customer_id,
        {
            "invoice_settings": {
                "default_payment_method": stand_in.v1.payment_methods.attach(
                    "pm_card_visa", {"customer": customer_id}
                ).id
            }
        },
    )
    assert stand_in.v1.subscriptions.resume(ends["pause"].id).status == "active"


def test_it_renews_month_by_month_on_its_own_day(stand_in: StandIn) -> None:
    clock = stand_in.v1.test_helpers.test_clocks.create({"frozen_time": 1_801_353_600}).id  # 31 January 2027
    customer = stand_in.customer(test_clock=clock)
    made = subscribe(stand_in, customer, stand_in.price(4900))
    ends = []
    for _ in range(3):
        end = item_of(again(stand_in, made)).current_period_end
        ends.append((end - 1_801_353_600) // DAY)
        stand_in.advance(clock, to=end + 2 * 3600)
    assert ends == [28, 59, 89]  # 28 February, 31 March, 30 April
    invoices = stand_in.v1.invoices.list({"subscription": made.id}).data
    assert [invoice.status for invoice in invoices] == ["paid"] * 4


def test_cancelled_at_the_end_of_the_period_it_runs_until_then_and_can_be_taken_back(
    stand_in: StandIn,
) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    made = subscribe(stand_in, customer, stand_in.price(4900))
    cancelled = stand_in.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    assert (cancelled.status, cancelled.cancel_at) == ("active", item_of(made).current_period_end)
    back = stand_in.v1.subscriptions.update(made.id, {"cancel_at_period_end": False})
    assert (back.cancel_at, back.canceled_at) == (None, None)
    stand_in.advance(clock, days=31.1)
    assert again(stand_in, made).status == "active"
    stand_in.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    stand_in.advance(clock, days=31.1)
    assert again(stand_in, made).status == "canceled"
    assert stand_in.receiver.types(customer.id)[-1] == "customer.subscription.deleted"
    assert len(stand_in.v1.invoices.list({"customer": customer.id}).data) == 2, (
        "nothing is billed after the end"
    )


def test_cancelled_now_it_ends_now_and_only_once(stand_in: StandIn) -> None:
    customer = stand_in.customer()
    made = subscribe(stand_in, customer, stand_in.price(4900))
    assert (
        stand_in.v1.subscriptions.cancel(made.id, {"prorate": True, "invoice_now": True}).status == "canceled"
    )
    assert (stand_in.v1.customers.retrieve(customer.id).balance or 0) < -4890
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        stand_in.v1.subscriptions.cancel(made.id)
    assert stand_in.v1.subscriptions.list({"customer": customer.id}).data == []
    assert len(stand_in.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data) == 1


def test_a_trial_can_be_ended_now(stand_in: StandIn) -> None:
    made = subscribe(stand_in, stand_in.customer(), stand_in.price(4900), trial_period_days=14)
    stand_in.v1.subscriptions.update(made.id, {"trial_end": "now"})
    now = again(stand_in, made)
    assert (now.status, now.latest_invoice.amount_paid) == ("active", 4900)


def test_a_first_payment_that_fails_leaves_it_incomplete_for_23_hours(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer("pm_card_chargeCustomerFail", test_clock=clock)
    price = stand_in.price(4900)
    with pytest.raises(stripe.CardError):
        subscribe(stand_in, customer, price, payment_behavior="error_if_incomplete")
    assert stand_in.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    made = subscribe(stand_in, customer, price)
    assert made.status == "incomplete"
    stand_in.advance(clock, days=1)
    now = again(stand_in, made)
    assert (now.status, now.latest_invoice.status) == ("incomplete_expired", "void")


def test_without_a_card_nothing_that_costs_can_begin(stand_in: StandIn) -> None:
    customer = stand_in.customer(card="")
    price = stand_in.price(4900)
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        subscribe(stand_in, customer, price)
    made = subscribe(stand_in, customer, price, payment_behavior="default_incomplete")
    assert made.status == "incomplete"
    shown: Any = stand_in.v1.subscriptions.retrieve(
        made.id, {"expand": ["latest_invoice.confirmation_secret", "latest_invoice.payments"]}
    )
    intent = shown.latest_invoice.payments.data[0].payment.payment_intent
    assert shown.latest_invoice.confirmation_secret.client_secret.startswith(intent)
    method = stand_in.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    stand_in.v1.payment_intents.confirm(intent, {"payment_method": method.id})
    assert again(stand_in, made).status == "active"


def test_what_is_paid_by_invoice_is_sent_and_becomes_past_due_when_it_is_not_paid(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(card="", test_clock=clock)
    made = subscribe(
        stand_in, customer, stand_in.price(29900), collection_method="send_invoice", days_until_due=14
    )
    assert made.status == "active"
    stand_in.advance(clock, days=0.1)
    sent = again(stand_in, made).latest_invoice
    assert (sent.status, sent.due_date - sent.status_transitions.finalized_at) == ("open", 14 * DAY)
    stand_in.advance(clock, days=15)
    assert again(stand_in, made).status == "past_due"
    stand_in.v1.invoices.pay(sent.id, {"paid_out_of_band": True})
    assert again(stand_in, made).status == "active"
    stand_in.settle()
    assert {"invoice.sent", "invoice.overdue"} <= set(stand_in.receiver.types(customer.id))


def test_items_can_be_added_changed_and_taken_away(stand_in: StandIn) -> None:
    made = subscribe(stand_in, stand_in.customer(), stand_in.price(1000))
    seats = stand_in.price(200, name="Seats")
    items = stand_in.v1.subscription_items
    added = items.create({"subscription": made.id, "price": seats.id, "quantity": 3})
    assert added.current_period_end == item_of(made).current_period_end
    assert items.update(added.id, {"quantity": 5}).quantity == 5
    assert len(items.list({"subscription": made.id}).data) == 2
    assert items.delete(added.id).deleted
    assert len(items.list({"subscription": made.id}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="at least one active plan"):
        items.delete(item_of(made).id)


def test_while_collection_is_paused_invoices_are_made_and_not_collected(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    made = subscribe(stand_in, stand_in.customer(test_clock=clock), stand_in.price(1000))
    stand_in.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    stand_in.advance(clock, days=31.1)
    assert again(stand_in, made).latest_invoice.status == "void"
    stand_in.v1.subscriptions.update(made.id, {"pause_collection": ""})
    stand_in.advance(clock, days=31)
    assert again(stand_in, made).latest_invoice.status == "paid"


def test_customers_on_the_real_timeline_move_when_it_is_moved(own_stand_in: StandIn) -> None:
    made = subscribe(own_stand_in, own_stand_in.customer(), own_stand_in.price(4900), trial_period_days=14)
    own_stand_in.control("/time", advance=15 * DAY)
    own_stand_in.settle()
    now = again(own_stand_in, made)
    assert (now.status, now.latest_invoice.amount_paid) == ("active", 4900)


def test_a_list_for_nobody_leaves_out_those_who_live_by_a_clock(stand_in: StandIn) -> None:
    clock, price = stand_in.clock(), stand_in.price(100)
    timed = subscribe(stand_in, stand_in.customer(test_clock=clock), price)
    real = subscribe(stand_in, stand_in.customer(), price)
    listed = stand_in.v1.subscriptions.list
    assert [one.id for one in listed({"price": price.id}).data] == [real.id]
    assert [one.id for one in listed({"test_clock": clock}).data] == [timed.id]
    assert [one.id for one in listed({"customer": str(timed.customer)}).data] == [timed.id]
