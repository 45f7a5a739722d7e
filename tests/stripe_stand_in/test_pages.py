"""What a person clicks through: Checkout, the portal, an invoice, the first page. In a browser, on a phone's width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe
from playwright.sync_api import Page

from tests.stripe_stand_in.running import DAY, StandIn, item_of

Open = Callable[..., Page]
PHONE: Any = {"viewport": {"width": 375, "height": 740}}
WORKS, FAILS_LATER, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0341", "4000 0000 0000 0002"


def fits(page: Page) -> None:
    """Nothing sticks out, in light and in dark, and the page says what it is."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert "No money moves" in page.inner_text("[role=note]")


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


def portal(stand_in: StandIn, customer: stripe.Customer, *prices: stripe.Price, **more: Any) -> str:
    """The address of a portal where one may do everything."""
    products = [{"product": str(price.product), "prices": [price.id]} for price in prices]
    features: Any = {
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True},
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "proration_behavior": "always_invoice",
            "products": products,
            "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
        },
    }
    configuration = stand_in.v1.billing_portal.configurations.create({"features": features})
    given: Any = {
        "customer": customer.id,
        "configuration": configuration.id,
        "return_url": f"{stand_in.url}/?back",
    }
    return stand_in.v1.billing_portal.sessions.create(given | more).url


def test_in_the_portal_one_upgrades_downgrades_cancels_and_changes_ones_mind(
    stand_in: StandIn, open_page: Open
) -> None:
    customer = stand_in.customer()
    small, big = stand_in.price(3000, name="Small"), stand_in.price(9000, name="Big")
    given: Any = {"customer": customer.id, "items": [{"price": small.id}]}
    made = stand_in.v1.subscriptions.create(given)

    def now() -> stripe.Subscription:
        return stand_in.v1.subscriptions.retrieve(made.id)

    page = open_page(portal(stand_in, customer, small, big), **PHONE)
    fits(page)
    page.click("text=Switch to Big")
    assert "Due today" in page.inner_text("main")
    page.click("text=Confirm")
    assert item_of(now()).price.id == big.id
    page.click("text=Switch to Small")
    assert "Nothing is due today" in page.inner_text("main")
    page.click("text=Confirm")
    assert now().schedule is not None
    page.click("text=Keep the plan I have")
    assert now().schedule is None
    page.click("a:has-text('Cancel')")
    page.click("button:has-text('Cancel subscription')")
    assert (now().cancel_at, now().cancel_at_period_end) == (item_of(made).current_period_end, False)
    page.click("text=Do not cancel")
    assert now().cancel_at is None
    fits(page)
    page.click("text=Back to where you came from")
    assert page.url.endswith("?back")


def test_in_the_portal_a_failing_card_is_replaced_and_the_open_invoice_paid(
    stand_in: StandIn, open_page: Open
) -> None:
    clock = stand_in.clock()
    customer = stand_in.customer(test_clock=clock)
    price = stand_in.price(3000)
    given: Any = {"customer": customer.id, "items": [{"price": price.id}]}
    made = stand_in.v1.subscriptions.create(given)
    page = open_page(portal(stand_in, customer, price), **PHONE)
    page.click("summary:has-text('Change card')")
    page.fill("[name=number]", DECLINED)
    page.click("text=Save card")
    assert "declined" in page.inner_text("[role=alert]")
    page.click("summary:has-text('Change card')")
    page.fill("[name=number]", FAILS_LATER)
    page.click("text=Save card")
    assert "ending in 0341" in page.inner_text("main")
    stand_in.advance(clock, days=31.1)
    assert stand_in.v1.subscriptions.retrieve(made.id).status == "past_due"
    page.reload()
    page.click("button:has-text('Pay')")
    assert "declined" in page.inner_text("[role=alert]")
    page.click("summary:has-text('Change card')")
    page.fill("[name=number]", WORKS)
    page.click("text=Save card")
    page.click("button:has-text('Pay')")
    assert stand_in.v1.subscriptions.retrieve(made.id).status == "active"


def test_a_flow_leads_straight_to_its_page_and_back(stand_in: StandIn, open_page: Open) -> None:
    customer = stand_in.customer()
    price = stand_in.price(3000)
    given: Any = {"customer": customer.id, "items": [{"price": price.id}]}
    made = stand_in.v1.subscriptions.create(given)
    flow: Any = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": made.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": f"{stand_in.url}/?after"}},
    }
    page = open_page(portal(stand_in, customer, price, flow_data=flow), **PHONE)
    page.click("button:has-text('Cancel subscription')")
    assert page.url.endswith("?after")
    assert stand_in.v1.subscriptions.retrieve(made.id).cancel_at is not None


def test_the_portal_shows_and_does_only_what_is_configured_and_only_for_its_customer(
    stand_in: StandIn,
) -> None:
    alice, mallory = stand_in.customer(), stand_in.customer()
    price = stand_in.price(3000)
    given: Any = {"customer": alice.id, "items": [{"price": price.id}]}
    made = stand_in.v1.subscriptions.create(given)
    cancel = {"subscription": made.id}
    theirs = portal(stand_in, mallory, price)
    assert httpx.post(f"{theirs}/cancel", data=cancel).status_code in (400, 404)
    nothing: Any = {"features": {"invoice_history": {"enabled": True}}}
    bare = stand_in.v1.billing_portal.configurations.create(nothing)
    session_: Any = {"customer": alice.id, "configuration": bare.id}
    closed = stand_in.v1.billing_portal.sessions.create(session_).url
    assert "Cancel" not in httpx.get(closed).text
    assert httpx.post(f"{closed}/cancel", data=cancel).status_code == 400
    assert stand_in.v1.subscriptions.retrieve(made.id).cancel_at is None
    assert httpx.post(f"{portal(stand_in, alice, price)}/cancel", data=cancel).status_code == 303
    assert stand_in.v1.subscriptions.retrieve(made.id).cancel_at is not None
    assert httpx.get(closed[:-4] + "XXXX").status_code == 404, "a session's secret is needed"


def test_an_invoice_has_a_page_where_it_is_paid(stand_in: StandIn, open_page: Open) -> None:
    customer = stand_in.customer(card="")
    item: Any = {"customer": customer.id, "amount": 1500, "currency": "usd", "description": "Setup <b>"}
    stand_in.v1.invoice_items.create(item)
    made: Any = {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    made |= {"collection_method": "send_invoice", "days_until_due": 7}
    draft = stand_in.v1.invoices.create(made)
    final = stand_in.v1.invoices.finalize_invoice(draft.id)
    page = open_page(final.hosted_invoice_url, **PHONE)
    fits(page)
    assert "Setup <b>" in page.inner_text("main")
    page.fill("[name=number]", WORKS)
    page.click("text=Pay $15.00")
    assert "paid" in page.inner_text("main")
    assert stand_in.v1.invoices.retrieve(draft.id).status == "paid"
    assert httpx.get(str(final.hosted_invoice_url)[:-4] + "XXXX").status_code == 404


def test_on_the_first_page_time_passes_and_cards_fail(own_stand_in: StandIn, open_page: Open) -> None:
    customer = own_stand_in.customer()
    given: Any = {"customer": customer.id, "items": [{"price": own_stand_in.price(4900).id}]}
    made = own_stand_in.v1.subscriptions.create(given)
    page = open_page(f"{own_stand_in.url}/", **PHONE)
    page.click("text=Let their cards fail from now on")
    before = own_stand_in.control("/", "GET")["now"]
    page.click("text=A month")
    page.click("text=A day")
    assert own_stand_in.control("/", "GET")["now"] - before >= 32 * DAY
    own_stand_in.settle()
    assert own_stand_in.v1.subscriptions.retrieve(made.id).status == "past_due"
    page.reload()
    fits(page)
    assert "past due" in page.inner_text("main")
