"""Invoices and what becomes of payments that fail."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_stand_in.running import DAY, StandIn, item_of


def failing(stand_in: StandIn) -> tuple[str, stripe.Customer, stripe.Subscription]:
    """A paid subscription whose next renewal will be declined."""
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    given: Any = {"customer": customer.id, "items": [{"price": stand_in.price(4900).id}]}
    made = stand_in.v1.subscriptions.create(given)
    stand_in.control(f"/customers/{customer.id}/cards", fail=True)
    return clock, customer, made


def status(stand_in: StandIn, subscription: stripe.Subscription) -> str:
    return stand_in.v1.subscriptions.retrieve(subscription.id).status


def test_a_failed_renewal_is_past_due_tried_again_and_healed_by_the_first_attempt_that_works(
    stand_in: StandIn,
) -> None:
    clock, customer, made = failing(stand_in)
    stand_in.advance(clock, to=item_of(made).current_period_end + 2 * 3600)
    invoice = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert (status(stand_in, made), invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert stand_in.v1.customers.retrieve(customer.id).delinquent
    assert invoice.next_payment_attempt == item_of(made).current_period_end + 3600 + 3 * DAY
    stand_in.advance(clock, days=4)
    assert stand_in.v1.invoices.retrieve(invoice.id).attempt_count == 2
    stand_in.control(f"/customers/{customer.id}/cards", fail=False)
    stand_in.advance(clock, days=5)
    assert status(stand_in, made) == "active"
    assert stand_in.v1.invoices.retrieve(invoice.id).status == "paid"
    assert not stand_in.v1.customers.retrieve(customer.id).delinquent
    seen = stand_in.receiver.types(customer.id)
    assert seen.count("invoice.payment_failed") == 2
    assert seen.index("invoice.paid", seen.index("invoice.payment_failed")) > 0


def test_after_the_last_attempt_it_is_cancelled_and_the_invoice_stays_open(stand_in: StandIn) -> None:
    clock, customer, made = failing(stand_in)
    stand_in.advance(clock, days=31.1 + 16)
    assert status(stand_in, made) == "canceled"
    ended = stand_in.v1.subscriptions.retrieve(made.id)
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.reason == "payment_failed"
    invoice = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 4, None)


@pytest.mark.parametrize("rule", ["unpaid", "past_due"])
def test_the_account_may_decide_otherwise(own_stand_in: StandIn, rule: str) -> None:
    own_stand_in.control("/settings", after_retries=rule, retry_days=[1, 1])
    clock, customer, made = failing(own_stand_in)
    own_stand_in.advance(clock, days=31.1 + 3)
    assert status(own_stand_in, made) == rule
    own_stand_in.control(f"/customers/{customer.id}/cards", fail=False)
    own_stand_in.v1.invoices.pay(own_stand_in.v1.invoices.list({"customer": customer.id}).data[0].id)
    assert status(own_stand_in, made) == "active"


def test_a_declined_payment_is_an_error_and_a_fact(stand_in: StandIn) -> None:
    clock, customer, made = failing(stand_in)
    stand_in.advance(clock, to=item_of(made).current_period_end + 2 * 3600)
    invoice = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    with pytest.raises(stripe.CardError) as declined:
        stand_in.v1.invoices.pay(invoice.id)
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")
    assert stand_in.v1.invoices.retrieve(invoice.id).attempt_count == 2
    paid = stand_in.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, status(stand_in, made)) == ("paid", "active")
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        stand_in.v1.invoices.pay(invoice.id)


def test_a_card_that_asks_its_holder_fails_at_renewals_and_works_with_the_holder_there(
    stand_in: StandIn,
) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer("pm_card_authenticationRequired", test_clock=clock)
    given: Any = {
        "customer": customer.id,
        "items": [{"price": stand_in.price(4900).id}],
        "trial_period_days": 1,
    }
    made = stand_in.v1.subscriptions.create(given)
    stand_in.advance(clock, days=1.1)
    assert status(stand_in, made) == "past_due"
    stand_in.settle()
    assert "invoice.payment_action_required" in stand_in.receiver.types(customer.id)
    invoice = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
    assert stand_in.v1.invoices.pay(invoice.id, {"off_session": False}).status == "paid"


def test_what_is_voided_or_written_off_no_longer_holds_the_subscription_back(stand_in: StandIn) -> None:
    for verb, after in (("void_invoice", "void"), ("mark_uncollectible", "uncollectible")):
        clock, customer, made = failing(stand_in)
        stand_in.advance(clock, to=item_of(made).current_period_end + 2 * 3600)
        invoice = stand_in.v1.invoices.list({"customer": customer.id}).data[0]
        assert getattr(stand_in.v1.invoices, verb)(invoice.id).status == after
        assert status(stand_in, made) == "active"


def test_an_invoice_of_ones_own_goes_from_draft_to_paid(stand_in: StandIn) -> None:
    customer = stand_in.customer()
    item: Any = {"customer": customer.id, "amount": 1500, "currency": "usd", "description": "Setup"}
    stand_in.v1.invoice_items.create(item)
    made: Any = {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    draft = stand_in.v1.invoices.create(made)
    assert (draft.status, draft.total, draft.number) == ("draft", 1500, None)
    final = stand_in.v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    prefix = stand_in.v1.customers.retrieve(customer.id).invoice_prefix
    assert (final.status, final.number) == ("open", f"{prefix}-0001")
    assert final.hosted_invoice_url is not None
    assert stand_in.v1.invoices.pay(draft.id).amount_paid == 1500
    line = stand_in.v1.invoices.line_items.list(draft.id).data[0]
    assert (line.description, line.amount) == ("Setup", 1500)


def test_the_next_invoice_can_be_seen_before_it_comes_and_nothing_stays_of_looking(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    given: Any = {"customer": customer.id, "items": [{"price": stand_in.price(4900).id}]}
    made = stand_in.v1.subscriptions.create(given)
    preview = stand_in.v1.invoices.create_preview({"customer": customer.id})
    assert (preview.total, preview.number, preview.period_end) == (
        4900,
        None,
        item_of(made).current_period_end,
    )
    new = stand_in.v1.invoices.create_preview(
        {"customer": customer.id, "subscription_details": {"items": [{"price": stand_in.price(700).id}]}}
    )
    assert new.total == 700
    assert len(stand_in.v1.invoices.list({"customer": customer.id}).data) == 1
    assert len(stand_in.v1.subscriptions.list({"customer": customer.id}).data) == 1
    stand_in.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError) as none:
        stand_in.v1.invoices.create_preview({"subscription": made.id})
    assert none.value.code == "invoice_upcoming_none"
    stand_in.v1.subscriptions.update(made.id, {"cancel_at_period_end": False})
    stand_in.advance(clock, days=27)
    assert "invoice.upcoming" in stand_in.receiver.types(customer.id)


def test_cards_are_refused_when_they_are_saved_or_when_they_are_charged(stand_in: StandIn) -> None:
    customer = stand_in.customer(card="")
    attach = stand_in.v1.payment_methods.attach
    with pytest.raises(stripe.CardError) as declined:
        attach("pm_card_visa_chargeDeclinedInsufficientFunds", {"customer": customer.id})
    error: Any = declined.value.error
    assert (error.code, error.decline_code) == ("card_declined", "insufficient_funds")
    saved = attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    assert saved.card is not None
    assert saved.card.last4 == "0341"
    typed: Any = {"type": "card", "card": {"number": "4000000000000069", "exp_month": 1, "exp_year": 2040}}
    method = stand_in.v1.payment_methods.create(typed)
    with pytest.raises(stripe.CardError, match="expired"):
        attach(method.id, {"customer": customer.id})
    assert stand_in.v1.payment_methods.detach(saved.id).customer is None
    assert stand_in.v1.customers.payment_methods.list(customer.id).data == []


def test_a_setup_intent_saves_a_card_or_says_why_not(stand_in: StandIn) -> None:
    customer = stand_in.customer(card="")
    intent = stand_in.v1.setup_intents.create({"customer": customer.id})
    assert intent.status == "requires_payment_method"
    with pytest.raises(stripe.CardError):
        stand_in.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    assert stand_in.v1.setup_intents.retrieve(intent.id).last_setup_error is not None
    assert (
        stand_in.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
    )
    assert len(stand_in.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_another_customers_card_cannot_be_used(stand_in: StandIn) -> None:
    alice, mallory = stand_in.customer(), stand_in.customer()
    card = stand_in.v1.payment_methods.list({"customer": alice.id}).data[0].id
    mine: Any = {"invoice_settings": {"default_payment_method": card}}
    assert stand_in.v1.customers.update(alice.id, mine)
    with pytest.raises(stripe.InvalidRequestError):
        stand_in.v1.customers.update(mallory.id, mine)
    given: Any = {"items": [{"price": stand_in.price(100).id}], "default_payment_method": card}
    as_alice: Any = {"customer": alice.id, **given}
    as_mallory: Any = {"customer": mallory.id, **given}
    assert stand_in.v1.subscriptions.create(as_alice).status == "active"
    with pytest.raises(stripe.InvalidRequestError):
        stand_in.v1.subscriptions.create(as_mallory)
