"""The buttons of the billing page, pressed one after another, at a stand-in that really charges."""

from __future__ import annotations

import re

import httpx

from billing import wishes
from tests.billing.buyer import EMPTY_CARD, Buyer
from tests.billing.metering import use
from tests.billing.test_dunning import collect, pay_what_is_owed
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


def test_on_trial_nothing_is_due_before_its_end(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    for path in ("change/?plan=business&by=month", "change/?plan=business&by=year"):
        asked = text_of(alice.get(PAGE + path))
        assert "Due now $0.00" in asked
        assert ("when the trial ends $2,990.00" if "year" in path else "when the trial ends $299.00") in asked
        assert "nothing is charged before" in asked
    press(alice, "change/", plan="business", interval="month")
    assert (buyer.in_force, buyer.bought.status) == (("business", "active"), "trialing")
    buyer.pass_days(14.1)
    assert "$299.00 Paid" in text_of(alice.get(f"{PAGE}invoices/"))


def test_what_is_cancelled_is_shown_with_what_a_change_would_be(buyer: Buyer, alice: Visitor) -> None:
    """On trial and paid for, in our own words and by the portal's way of cancelling."""
    buyer.buy("pro")
    for paid in (False, True):
        if paid:
            buyer.pass_days(14.1)
        for portal in (False, True):
            if portal:
                ends = int(buyer.bought.period_end.timestamp())
                buyer.api.subscriptions.update(buyer.bought.subscription_id, params={"cancel_at": ends})
                buyer.settle()
            else:
                press(alice, "cancel/")
            assert buyer.bought.cancel_at is not None
            asked = alice.get(f"{PAGE}change/?plan=business&by=month")
            assert asked.status_code == 200
            assert "This takes the cancellation back." in text_of(asked)
            assert buyer.bought.cancel_at is not None
            press(alice, "reactivate/")
            assert "takes the cancellation back" not in text_of(alice.get(f"{PAGE}change/?plan=business"))
    press(alice, "cancel/")
    press(alice, "change/", plan="business", interval="month")
    assert (buyer.bought.cancel_at, buyer.in_force[0]) == (None, "business")


def test_only_limits_that_change_are_said_to_change(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    assert "The limits stay as they are." in text_of(alice.get(f"{PAGE}change/?plan=pro&by=year"))
    assert "The limits of Business hold at once." in text_of(alice.get(f"{PAGE}change/?plan=business"))


def test_an_open_invoice_is_on_the_page_and_comes_before_anything_new(buyer: Buyer, alice: Visitor) -> None:
    press(alice, "by-invoice/", choice="business month")
    words = text_of(alice.get(PAGE))
    assert "An invoice over $299.00 is on its way by mail, within the hour." in words
    asked = text_of(alice.get(f"{PAGE}change/?plan=business&by=year"))
    assert "An invoice is to be paid first." in asked
    assert "does not fit" not in asked
    refused = alice.post(f"{PAGE}change/", {"plan": "business", "interval": "year"}, page=PAGE)
    assert (refused.status_code, "is on its way to you by mail" in text_of(refused)) == (409, True)
    buyer.pass_days(0.1)
    shown = alice.get(PAGE)
    number = buyer.bought.open_number
    assert f"Invoice {number} over $299.00 is open, due on" in text_of(shown)
    assert 'action="/console/billing/pay/"' in shown.text
    assert "paid for" not in text_of(alice.get(f"{PAGE}change/?plan=pro&by=month"))
    left = press(alice, "cancel/")
    assert f"Invoice {number} over $299.00 is open, due on" in left


def test_a_card_that_is_declined_changes_nothing_and_says_so(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    buyer.let_the_card_fail()
    refused = alice.post(f"{PAGE}change/", {"plan": "business", "interval": "month"}, page=PAGE)
    assert (refused.status_code, "The card was declined. The" in text_of(refused)) == (422, True)
    assert "was declined" not in text_of(refused).replace("The card was declined", "", 1)
    assert buyer.in_force == ("pro", "active")


def test_a_cheaper_plan_waits_and_can_be_taken_back(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("business")
    buyer.pass_days(14.1)
    asked = text_of(alice.get(f"{PAGE}change/?plan=pro&by=month"))
    assert "Due now $0.00" in asked
    assert "Business goes on until" in asked
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
    for wrong, why in (
        *[(typed, "The ceiling is 6 to 490 ") for typed in ("5", "491", "$1,000")],
        *[(typed, "in whole US dollars") for typed in ("22,50", "22,5", ",30", "3,0,000", "30,", "22.50")],
        *[(typed, "in whole US dollars") for typed in ("", "-30", "12.5", "٣٠", "9" * 12)],
    ):
        refused = alice.post(f"{PAGE}overage/", {"on": "yes", "ceiling": wrong}, page=PAGE)
        assert (refused.status_code, why in text_of(refused)) == (409, True), wrong
        assert f'value="{wrong}" aria-invalid="true"' in refused.text
    assert "Used so far" not in text_of(alice.get(PAGE))
    use(buyer, 1_201)
    used = "Used so far this month: 300 connections more, for $18"
    assert used in text_of(alice.get(PAGE))
    said = press(alice, "overage/")
    assert "are off: the plan’s limit is the end." in said
    assert used in said
    assert buyer.workspace.tenant.limits.max_connections == 1_000


def test_a_tax_id_is_put_on_invoices_and_taken_away(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    wrong = alice.post(f"{PAGE}tax-ids/", {"type": "eu_vat", "value": "12"}, page=PAGE)
    assert (wrong.status_code, "One looks like DE123456789." in text_of(wrong)) == (409, True)
    assert "DE987654321 stands on" in press(alice, "tax-ids/", type="eu_vat", value=" de 987 654 321 ")
    press(alice, "tax-ids/", type="eu_vat", value="DE987654321")
    papers = alice.get(f"{PAGE}invoices/").text
    (removal,) = re.findall(r'action="/console/billing/(tax-ids/[\w-]+/remove/)"', papers)
    assert "DE987654321" in papers
    press(alice, removal)
    assert "DE987654321" not in alice.get(f"{PAGE}invoices/").text


def test_business_can_be_paid_by_invoice(buyer: Buyer, alice: Visitor) -> None:
    asked = text_of(alice.get(f"{PAGE}by-invoice/?choice=business+month"))
    assert "Business, $299 a month" in asked
    assert "without a trial" in asked
    assert "You can go back to a card any time" in asked
    assert buyer.in_force == ("free", "active")
    for nothing in ("", "pro month", "free year"):
        led = alice.get(f"{PAGE}by-invoice/", params={"choice": nothing})
        assert led.headers["location"] == f"{PAGE}#plans"
    assert "From now on invoices come by mail" in press(alice, "by-invoice/", choice="business month")
    assert buyer.in_force == ("business", "active")
    refused = alice.post(f"{PAGE}by-invoice/", {"choice": "pro month"}, page=PAGE)
    assert refused.status_code == 409


def test_a_plan_that_is_paid_by_card_alone_says_so_before_it_is_chosen(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("business")
    press(alice, "by-invoice/", choice="business month")
    asked = text_of(alice.get(f"{PAGE}change/?plan=pro&by=month"))
    assert (
        "This plan is paid by card. Invoices by mail are for Business, and for plans paid by the year."
        in asked
    )
    assert "does not fit" not in asked
    refused = alice.post(f"{PAGE}change/", {"plan": "pro", "interval": "month"}, page=PAGE)
    assert (refused.status_code, "Pay by card again first." in text_of(refused)) == (409, True)
    press(alice, "by-card/")
    assert "Change now" in text_of(alice.get(f"{PAGE}change/?plan=pro&by=month"))


def test_who_cannot_pay_by_invoice_reads_which_plans_can(buyer: Buyer, alice: Visitor) -> None:
    words, offered = (
        "Invoices by mail are for Business, and for plans paid by the year.",
        "Pay by invoice instead",
    )
    for plan, is_for in (("", True), ("pro", False), ("business", True)):
        if plan == "pro":
            buyer.buy("pro")
        elif plan:
            press(alice, "change/", plan=plan, interval="month")
        shown = text_of(alice.get(PAGE))
        assert (words in shown, offered in shown) == (not is_for, is_for), plan


def test_a_change_that_is_paid_by_invoice_says_so(buyer: Buyer, alice: Visitor) -> None:
    """Though a card was given before."""
    buyer.buy("pro", "year")
    press(alice, "by-invoice/", choice="pro year")
    buyer.pass_days(15)
    pay_what_is_owed(buyer)
    asked = text_of(alice.get(f"{PAGE}change/?plan=business&by=year"))
    assert re.search(r"On an invoice by mail \$2,\d\d\d\.\d\d", asked)
    assert ("Due now" in asked, "no card is charged" in asked) == (False, True)
    press(alice, "change/", plan="business", interval="year")
    assert "is on its way by mail" in text_of(alice.get(PAGE))


def test_cancelling_speaks_of_the_last_invoice_for_connections_beyond_the_plan(
    buyer: Buyer, alice: Visitor
) -> None:
    buyer.buy("pro")
    buyer.pass_days(15)
    words = "Connections beyond the plan that are used until then and not billed yet come on a last invoice."
    assert words not in text_of(alice.get(f"{PAGE}cancel/"))
    press(alice, "overage/", on="yes", ceiling="12")
    asked = text_of(alice.get(f"{PAGE}cancel/"))
    assert (words in asked, "turn them off, and none are added" in asked) == (True, True)
    press(alice, "cancel/")
    assert words in text_of(alice.get(PAGE))


def test_whoever_paid_by_invoice_comes_back_by_invoice(buyer: Buyer, alice: Visitor) -> None:
    """They owe, leave, pay, and buy anew."""
    press(alice, "by-invoice/", choice="business month")
    buyer.pass_days(31)
    collect()
    assert "Your visitors notice nothing so far." in text_of(alice.get(PAGE))
    press(alice, "cancel/")
    left = text_of(alice.get(PAGE))
    assert ("The limits of Free hold." in left, "notice nothing" in left) == (True, False)
    pay_what_is_owed(buyer)
    assert buyer.in_force == ("free", "active")
    assert "Pay by invoice instead" in text_of(alice.get(PAGE))
    assert "Pro, $490 a year" in text_of(alice.get(f"{PAGE}by-invoice/?choice=pro+year"))
    press(alice, "by-invoice/", choice="pro year")
    assert buyer.in_force == ("pro", "active")


def test_there_is_no_plan_by_the_week(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    form = {"plan": "business", "interval": "week"}
    for path in ("checkout/", "change/"):
        refused = alice.post(PAGE + path, form, page=PAGE)
        assert (refused.status_code, "by the month or by the year" in text_of(refused)) == (409, True)
    assert alice.get(f"{PAGE}change/?plan=business&by=week").status_code == 409
    assert buyer.in_force[0] == "pro"


def test_whoever_pays_by_invoice_goes_back_to_a_card(buyer: Buyer, alice: Visitor) -> None:
    press(alice, "by-invoice/", choice="business month")
    refused = alice.post(f"{PAGE}by-card/", page=PAGE)
    assert (refused.status_code, "There is no card yet." in text_of(refused)) == (409, True)
    card = buyer.api.payment_methods.attach("pm_card_visa", params={"customer": buyer.customer})
    wanted = {"invoice_settings": {"default_payment_method": card.id}}
    buyer.api.customers.update(buyer.customer, params=wanted)  # type: ignore[arg-type]
    assert "From the next one on, invoices are charged to the card." in press(alice, "by-card/")
    assert buyer.bought.collection_method == "charge_automatically"
    assert buyer.bought.open_count == 1  # what was sent by mail is still to be paid


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
