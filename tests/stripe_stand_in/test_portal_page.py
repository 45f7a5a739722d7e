"""The billing portal, in a browser as wide as a phone."""

from __future__ import annotations

from typing import Any

import httpx
import stripe

from tests.stripe_stand_in.clicking import DECLINED, FAILS_LATER, PHONE, WORKS, Open, fits
from tests.stripe_stand_in.running import StandIn, item_of


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
