"""The billing page: what it shows in every state, whom it is for, and that it opens whatever Stripe does."""

from __future__ import annotations

import pytest
from django.utils import timezone

from console.standing import day
from tenants.context import run_in_tenant
from tests.billing.buyer import Buyer
from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of

PAGE = "/console/billing/"


def fill_with_rooms(workspace: Workspace, count: int, name: str = "r") -> None:
    from rooms.models import Room

    run_in_tenant(workspace.tenant, lambda: [Room.objects.create(name=f"{name}{i}") for i in range(count)])


def test_a_free_workspace_is_offered_the_plans(alice: Visitor) -> None:
    shown = alice.get(PAGE)
    words = text_of(shown)
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "private, no-store")
    assert "No charge" in words
    assert words.count("Try 14 days free") == 2
    assert "$49 a month" in words
    assert "By the year $490: $98 less." in words
    by_year = text_of(alice.get(f"{PAGE}?by=year"))
    assert "$490 a year" in by_year
    assert "$40.83 a month." in by_year


def test_a_trial_a_paid_plan_and_its_papers(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    words = text_of(alice.get(PAGE))
    assert "Pro, 14 days of trial left" in words
    assert "Then it is $49 a month." in words
    assert "This can be turned on from the first paid period on" in words
    buyer.pass_days(14.1)
    words = text_of(alice.get(PAGE))
    assert "Pro, $49 a month Renews on" in words
    papers = alice.get(f"{PAGE}invoices/")
    assert "$49.00 Paid View" in text_of(papers)


def test_what_was_owed_can_be_paid_from_every_state(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.let_the_card_fail()
    buyer.pass_days(14.1)
    words = text_of(alice.get(PAGE))
    assert "7 days left to pay" in words
    assert "No other plan can be chosen before the open invoice is paid." in words
    assert "This can be turned on once the open invoice is paid." in words
    keep = f"Pay by about {day(buyer.bought.ends_unpaid_at)} to keep Pro. After that Pro ends"
    assert keep in words
    assert "A payment is open. Unpaid, the workspace is suspended in 7 days" in text_of(
        alice.get("/console/")
    )
    bill = alice.post(f"{PAGE}pay/", page=PAGE)
    assert bill.status_code == 303
    assert bill.headers["location"].startswith(buyer.stand_in.url)
    buyer.pass_days(8)
    assert alice.get("/console/").status_code == 402
    shown = alice.get(PAGE)
    assert (shown.status_code, "is suspended" in text_of(shown)) == (200, True)
    assert f"Paying opens it again at once. Nothing has been deleted. {keep}" in text_of(shown)
    assert alice.get("/login/").headers["location"] == PAGE
    assert 'href="/console/billing/"' in alice.get("/console/").text
    for role, home in (
        ("admin", "/console/"),
        ("agent", "/chat/"),
    ):  # who can do nothing about it are told why
        with sign_in(buyer.workspace, hire(buyer.workspace, role), to=home) as colleague:
            told = colleague.get(home)
            assert (told.status_code, "is suspended" in text_of(told)) == (402, True)

    buyer.let_the_card_fail(False)
    buyer.pay(alice.post(f"{PAGE}pay/", page=PAGE).headers["location"])
    assert alice.get(f"{PAGE}return/?via=portal").headers["location"] == PAGE
    assert "Pro, $49 a month" in text_of(alice.get(PAGE))
    assert alice.get("/console/").status_code == 200
    assert alice.post(f"{PAGE}pay/", page=PAGE).headers["location"] == PAGE
    assert "No invoice is open. Everything is paid." in text_of(alice.get(PAGE))


def test_whoever_pays_after_the_plan_has_ended_is_told_before_what_it_brings(
    buyer: Buyer, alice: Visitor
) -> None:
    buyer.control("POST", "settings", after_retries="cancel")
    buyer.buy("pro")
    buyer.let_the_card_fail()
    buyer.pass_days(14.1)
    buyer.pass_days(30)
    words = text_of(alice.get(PAGE))
    assert "Pro has ended meanwhile: paying opens the workspace as Free" in words
    assert "Pro Has ended $49" in words
    assert "Your plan" not in words
    buyer.let_the_card_fail(False)
    buyer.pay(alice.post(f"{PAGE}pay/", page=PAGE).headers["location"])
    alice.get(f"{PAGE}return/?via=portal")
    assert "Free The paid plan has ended." in text_of(alice.get(PAGE))


def test_everyone_of_the_staff_sees_an_open_payment_and_the_owner_alone_can_pay(
    buyer: Buyer, alice: Visitor
) -> None:
    buyer.buy("pro")
    buyer.let_the_card_fail()
    buyer.pass_days(14.1)
    assert 'action="/console/billing/pay/"' in alice.get("/console/").text
    with sign_in(buyer.workspace, hire(buyer.workspace, "agent")) as agent:
        shown = agent.get("/console/")
    assert "A payment is open." in text_of(shown)
    assert "The owner can settle it." in text_of(shown)
    assert "/console/billing/" not in shown.text


def test_a_trial_about_to_end_is_told_to_the_owner(buyer: Buyer, alice: Visitor) -> None:
    from billing.models import Subscription

    buyer.buy("pro")
    assert "The trial of Pro ends on" not in text_of(alice.get("/console/"))
    Subscription.objects.filter(tenant_id=buyer.tenant_id).update(trial_end=timezone.now())
    assert "The trial of Pro ends on" in text_of(alice.get("/console/"))


def test_a_limit_that_is_reached_stands_above_the_console_and_at_the_bar(
    workspace: Workspace, alice: Visitor
) -> None:
    fill_with_rooms(workspace, 18)
    assert "Rooms are at the plan’s limit." not in text_of(alice.get("/console/"))
    assert "95 percent." in text_of(alice.get(PAGE))
    fill_with_rooms(workspace, 1, "last")
    words = text_of(alice.get("/console/"))
    assert "Rooms are at the plan’s limit. 20 of 20 are in use: no further room can be made." in words
    assert "The limit is reached." in text_of(alice.get(PAGE))


@pytest.mark.parametrize("role", ["admin", "moderator", "agent"])
@pytest.mark.parametrize("path", ["", "invoices/", "change/?plan=business", "cancel/", "return/", "begin/"])
def test_nobody_but_the_owner_sees_what_is_paid(
    workspace: Workspace, alice: Visitor, role: str, path: str
) -> None:
    assert alice.get(PAGE + path).status_code in (200, 302, 409, 503)
    with sign_in(workspace, hire(workspace, role)) as colleague:
        refused = colleague.get(PAGE + path)
        posted = colleague.post(f"{PAGE}overage/", {"on": "yes"}, page="/console/")
    assert (refused.status_code, "Its owner can do it" in text_of(refused)) == (403, True)
    assert posted.status_code == 403


def test_there_is_nothing_to_cancel_where_nothing_was_bought(alice: Visitor) -> None:
    assert alice.get(f"{PAGE}cancel/").headers["location"] == PAGE
    pressed = alice.post(f"{PAGE}cancel/", page=PAGE)
    assert (pressed.status_code, "There is no paid plan here." in text_of(pressed)) == (409, True)


@pytest.mark.parametrize("path", ["checkout/", "reactivate/", "keep/", "portal/", "pay/", "by-card/"])
def test_the_address_of_a_button_leads_to_the_page(alice: Visitor, path: str) -> None:
    assert alice.get(PAGE + path).headers["location"] == PAGE
