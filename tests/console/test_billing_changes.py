"""The buttons of the billing page, pressed one after another, at a stand-in that really charges."""

from __future__ import annotations

import re

import httpx

from billing import wishes
from tests.billing.buyer import EMPTY_CARD, Buyer
from tests.console.test_billing import PAGE, fill_with_rooms
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of


def press(alice: Visitor, path: str, **form: str) -> str:
    """Press a button; what the page says after it."""
    answer = alice.post(f"{PAGE}{path}", form, page=PAGE)
    assert answer.headers.get("location", "").startswith(PAGE), (answer.status_code, text_of(answer))
    return text_of(alice.get(PAGE))


def test_from_the_button_through_checkout_and_back(buyer: Buyer, alice: Visitor) -> None:
    till = alice.post(f"{PAGE}checkout/", {"plan": "pro", "interval": "year"}, page=PAGE)
    assert till.status_code == 303
    paid = buyer.pay(till.headers["location"])
    back = paid.headers["location"]
    assert back.endswith("/console/billing/return/?via=checkout")
    assert alice.get(back).headers["location"] == PAGE
    words = text_of(alice.get(PAGE))
    assert "Pro is in force. Free until" in words
    assert "then $490 a year." in words


def test_the_way_back_believes_stripe_and_not_the_address(buyer: Buyer, alice: Visitor) -> None:
    alice.post(f"{PAGE}checkout/", {"plan": "pro", "interval": "month"}, page=PAGE)
    alice.get(f"{PAGE}return/?via=checkout&plan=business&paid=yes")
    assert "Nothing was bought, and nothing is charged." in text_of(alice.get(PAGE))
    assert buyer.in_force == ("free", "active")


def test_a_dearer_plan_is_shown_to_the_cent_before_it_is_charged(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    asked = alice.get(f"{PAGE}change/?plan=business&by=month")
    due = re.search(r"Due now (\$[\d,]+\.\d\d)", text_of(asked))
    assert due, text_of(asked)
    assert "Rooms 500 Unlimited" in text_of(asked)
    assert buyer.in_force[0] == "pro"
    assert "Business is in force." in press(alice, "change/", plan="business", interval="month")
    assert buyer.in_force == ("business", "active")
    assert f"{due.group(1)} Paid" in text_of(alice.get(f"{PAGE}invoices/"))


def test_a_card_that_is_declined_changes_nothing_and_says_so(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    buyer.let_the_card_fail()
    refused = alice.post(f"{PAGE}change/", {"plan": "business", "interval": "month"}, page=PAGE)
    assert (refused.status_code, "The card was declined" in text_of(refused)) == (422, True)
    assert buyer.in_force == ("pro", "active")


def test_a_cheaper_plan_waits_and_can_be_taken_back(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("business")
    buyer.pass_days(14.1)
    asked = text_of(alice.get(f"{PAGE}change/?plan=pro&by=month"))
    assert "Due now $0.00" in asked
    assert "Business is paid for until" in asked
    assert "Change booked" in press(alice, "change/", plan="pro", interval="month")
    assert buyer.in_force[0] == "business"
    words = press(alice, "keep/")
    assert "Taken back. The plan stays as it is." in words
    assert "Business, $299 a month" in words


def test_what_does_not_fit_is_told_with_what_to_do(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("business")
    buyer.pass_days(14.1)
    fill_with_rooms(buyer.workspace, 500)
    reason = "You have 501 rooms; Pro allows 500. Delete 1 room first."
    asked = alice.get(f"{PAGE}change/?plan=pro&by=month")
    assert reason in text_of(asked)
    assert "<form" not in asked.text.split("<main")[1]
    refused = alice.post(f"{PAGE}change/", {"plan": "pro", "interval": "month"}, page=PAGE)
    assert (refused.status_code, reason in text_of(refused)) == (409, True)


def test_leaving_and_coming_back(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    asked = text_of(alice.get(f"{PAGE}cancel/"))
    assert "The trial ends then, and nothing is charged." in asked
    assert "Open connections 1,000 100" in asked
    words = press(alice, "cancel/")
    assert "Pro until" in words
    assert "You can come back any time." in words
    assert buyer.in_force == ("pro", "active")
    assert "Taken back. The plan goes on as before." in press(alice, "reactivate/")
    assert buyer.bought.cancel_at is None


def test_connections_beyond_the_plan_have_a_ceiling(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    assert "up to 500 connections more" in press(alice, "overage/", on="yes", ceiling="30")
    assert buyer.workspace.tenant.limits.max_connections == 1_500
    for wrong in ("", "5", "-30", "12.5", "٣٠", "9" * 12):
        refused = alice.post(f"{PAGE}overage/", {"on": "yes", "ceiling": wrong}, page=PAGE)
        assert (refused.status_code, "The ceiling is 6 to 490 " in text_of(refused)) == (409, True), wrong
    assert "are off: the plan’s limit is the end." in press(alice, "overage/")
    assert buyer.workspace.tenant.limits.max_connections == 1_000


def test_a_tax_id_is_put_on_invoices_and_taken_away(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    assert "stands on invoices" in press(alice, "tax-ids/", type="eu_vat", value="DE123456789")
    papers = alice.get(f"{PAGE}invoices/").text
    removal = re.search(r'action="/console/billing/(tax-ids/[\w-]+/remove/)"', papers)
    assert removal
    assert "DE123456789" in papers
    press(alice, removal.group(1))
    assert "DE123456789" not in alice.get(f"{PAGE}invoices/").text


def test_business_can_be_paid_by_invoice(buyer: Buyer, alice: Visitor) -> None:
    assert "From now on invoices come by mail" in press(alice, "by-invoice/", choice="business month")
    assert buyer.in_force == ("business", "active")
    refused = alice.post(f"{PAGE}by-invoice/", {"choice": "pro month"}, page=PAGE)
    assert refused.status_code == 409


def test_the_portal_is_one_button_away(buyer: Buyer, alice: Visitor) -> None:
    refused = alice.post(f"{PAGE}portal/", page=PAGE)
    buyer.buy("pro", card=EMPTY_CARD)
    led = alice.post(f"{PAGE}portal/", page=PAGE)
    assert led.status_code == 303
    assert led.headers["location"].startswith(buyer.stand_in.url)
    assert refused.status_code in (303, 409)


def test_while_stripe_is_away_buttons_say_so_and_the_page_opens(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    stand_in = buyer.stand_in.environment["STRIPE_API_BASE"]
    for method in ("GET", "POST", "DELETE"):
        fault = {"method": method, "path": "/v1/*", "status": 500, "times": 50}
        httpx.post(f"{stand_in}/_control/faults", json=fault).raise_for_status()
    try:
        assert alice.get(PAGE).status_code == 200
        papers = alice.get(f"{PAGE}invoices/")
        assert (papers.status_code, "does not answer just now" in text_of(papers)) == (503, True)
        pressed = alice.post(f"{PAGE}cancel/", page=PAGE)
        assert (pressed.status_code, "does not answer just now" in text_of(pressed)) == (503, True)
        alice.get(f"{PAGE}return/?via=checkout")
        assert "What you did there is done" in text_of(alice.get(PAGE))
    finally:
        buyer.control("DELETE", "faults")


def test_a_wish_from_the_portal_leads_to_checkout_and_a_forged_one_nowhere(
    buyer: Buyer, alice: Visitor, elsewhere: Workspace
) -> None:
    slug = buyer.workspace.slug
    led = alice.get(f"{PAGE}begin/?wish={wishes.seal(slug, 'pro', 'year')}")
    assert led.status_code == 303
    assert led.headers["location"].startswith(buyer.stand_in.url)
    hers = wishes.seal(elsewhere.slug, "pro", "year")
    good = wishes.seal(slug, "pro", "year")
    for wish in (hers, good[:-1] + ("a" if good[-1] != "a" else "b"), "", "nonsense"):
        assert alice.get(f"{PAGE}begin/?wish={wish}").headers["location"] == f"{PAGE}#plans"
