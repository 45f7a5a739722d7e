"""Checkout, in a browser as wide as a phone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.stripe_stand_in.clicking import DECLINED, FAILS_LATER, PHONE, WORKS, Open, fits
from tests.stripe_stand_in.running import StandIn


def session(stand_in: StandIn, price: stripe.Price, **more: Any) -> stripe.checkout.Session:
    given: Any = {
        "mode": "subscription",
        "line_items": [{"price": price.id, "quantity": 1}],
        "success_url": f"{stand_in.url}/?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{stand_in.url}/?cancelled",
        **more,
    }
    return stand_in.v1.checkout.sessions.create(given)


def test_a_stranger_starts_a_trial(stand_in: StandIn, open_page: Open) -> None:
    data: Any = {"trial_period_days": 14, "metadata": {"tenant": "7"}}
    made = session(stand_in, stand_in.price(4900), client_reference_id="t7", subscription_data=data)
    page = open_page(made.url, **PHONE)
    fits(page)
    page.fill("[name=email]", "bob@example.com")
    page.click(f"text={WORKS}")
    page.click("text=Start trial")
    assert page.url == f"{stand_in.url}/?session={made.id}"
    done: Any = stand_in.v1.checkout.sessions.retrieve(
        made.id, {"expand": ["subscription", "customer", "line_items"]}
    )
    assert (done.status, done.payment_status, done.client_reference_id) == (
        "complete",
        "no_payment_required",
        "t7",
    )
    assert (done.customer.email, done.customer_details.email) == ("bob@example.com", "bob@example.com")
    assert (done.subscription.status, done.subscription.metadata["tenant"]) == ("trialing", "7")
    assert done.subscription.default_payment_method is not None
    assert done.line_items.data[0].price.unit_amount == 4900
    stand_in.settle()
    seen = stand_in.receiver.types(done.customer.id)
    assert {"customer.created", "customer.subscription.created", "checkout.session.completed"} <= set(seen)


def test_a_declined_card_is_told_leaves_nothing_behind_and_another_one_pays(
    stand_in: StandIn, open_page: Open
) -> None:
    customer = stand_in.customer(card="")
    made = session(stand_in, stand_in.price(4900), customer=customer.id)
    page = open_page(made.url, **PHONE)
    for number in (DECLINED, FAILS_LATER):
        page.fill("[name=number]", number)
        page.click("text=Pay $49.00")
        assert "declined" in page.inner_text("[role=alert]")
    fits(page)
    assert stand_in.v1.checkout.sessions.retrieve(made.id).status == "open"
    assert stand_in.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    page.fill("[name=number]", WORKS)
    page.click("text=Pay $49.00")
    done = stand_in.v1.checkout.sessions.retrieve(made.id)
    assert (done.status, done.payment_status, done.amount_total) == ("complete", "paid", 4900)
    page.goto(f"{stand_in.url}/checkout/{made.id}")
    assert page.url.endswith(f"?session={made.id}"), "a second visit pays nothing twice"
    assert len(stand_in.v1.invoices.list({"customer": customer.id}).data) == 1


def test_one_may_go_back_without_paying(stand_in: StandIn, open_page: Open) -> None:
    made = session(stand_in, stand_in.price(4900))
    page = open_page(made.url, **PHONE)
    page.click("text=Back, without paying")
    assert page.url.endswith("?cancelled")
    assert stand_in.v1.checkout.sessions.retrieve(made.id).status == "open"


def test_a_session_expires_by_itself_and_by_call(stand_in: StandIn) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    price = stand_in.price(4900)
    made, other = (session(stand_in, price, customer=customer.id) for _ in range(2))
    assert stand_in.v1.checkout.sessions.expire(other.id).status == "expired"
    stand_in.advance(clock, days=1.1)
    assert stand_in.v1.checkout.sessions.retrieve(made.id).status == "expired"
    assert httpx.get(str(made.url)).status_code == 410
    assert stand_in.receiver.types(customer.id).count("checkout.session.expired") == 2
    with pytest.raises(stripe.InvalidRequestError):
        stand_in.v1.checkout.sessions.expire(made.id)


def test_a_card_is_saved_without_paying(stand_in: StandIn, open_page: Open) -> None:
    customer = stand_in.customer(card="")
    given: Any = {
        "mode": "setup",
        "customer": customer.id,
        "success_url": f"{stand_in.url}/",
        "currency": "usd",
    }
    made = stand_in.v1.checkout.sessions.create(given)
    page = open_page(made.url, **PHONE)
    page.fill("[name=number]", WORKS)
    page.click("button:has-text('Save card')")
    done: Any = stand_in.v1.checkout.sessions.retrieve(made.id, {"expand": ["setup_intent"]})
    assert done.setup_intent.status == "succeeded"
    assert stand_in.v1.payment_methods.retrieve(done.setup_intent.payment_method).customer == customer.id


def test_a_business_gives_its_tax_id(stand_in: StandIn, open_page: Open) -> None:
    made = session(stand_in, stand_in.price(4900), tax_id_collection={"enabled": True})
    page = open_page(made.url, **PHONE)
    page.fill("[name=email]", "office@example.com")
    page.click("text=I buy as a business")
    page.fill("[name=tax_id]", "wrong!")
    page.fill("[name=number]", WORKS)
    page.click("text=Pay $49.00")
    assert "Invalid value" in page.inner_text("[role=alert]")
    page.click("text=I buy as a business")
    page.fill("[name=tax_id]", "DE123456789")
    page.click("text=Pay $49.00")
    done: Any = stand_in.v1.checkout.sessions.retrieve(made.id)
    assert done.customer_details.tax_ids[0].value == "DE123456789"
