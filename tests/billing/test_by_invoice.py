"""Paying by invoice, for those who need it."""

from __future__ import annotations

import pytest

from billing.errors import BillingRefused
from tests.billing.buyer import Buyer
from tests.billing.test_dunning import pay_what_is_owed
from tests.console.staff import sign_in
from tests.portal.visitor import text_of

HOUR = 1 / 24


def by_invoice(buyer: Buyer, plan: str = "business", interval: str = "month", days: int = 30) -> None:
    from billing import actions

    actions.pay_by_invoice(
        buyer.tenant_id,
        plan,
        interval,  # type: ignore[arg-type]
        email=buyer.workspace.owner_email,
        days=days,
    )
    buyer.settle()


def add_a_card(buyer: Buyer) -> None:
    """As the Customer Portal does."""
    card = buyer.api.payment_methods.attach("pm_card_visa", params={"customer": buyer.customer})
    wanted = {"invoice_settings": {"default_payment_method": card.id}}
    buyer.api.customers.update(buyer.customer, params=wanted)  # type: ignore[arg-type]


def test_the_plan_is_there_while_the_invoice_is_open(alice: Buyer) -> None:
    from billing import actions

    by_invoice(alice)
    assert (alice.in_force, alice.bought.collection_method) == (("business", "active"), "send_invoice")
    alice.pass_days(2 * HOUR)
    (invoice,) = actions.invoices(alice.tenant_id)
    assert (invoice.status, invoice.cents) == ("open", 29_900)
    assert invoice.due is not None
    assert (invoice.due - invoice.created).days in (29, 30)


def test_one_that_is_overdue_is_dunned_from_the_day_it_was_due(alice: Buyer) -> None:
    from billing import actions, tasks

    by_invoice(alice, days=10)
    alice.pass_days(9)
    assert alice.in_force == ("business", "active")
    alice.pass_days(1 + 2 * HOUR)
    tasks.collect(timestamp=0)
    assert alice.in_force == ("business", "past_due")
    alice.pass_days(7)
    tasks.collect(timestamp=0)
    assert alice.in_force == ("business", "suspended")
    page = actions.pay_url(alice.tenant_id)
    assert page is not None
    alice.pay(page)
    alice.settle()
    assert alice.in_force == ("business", "active")


def test_who_pays_by_invoice_is_told_of_the_invoice_and_nothing_of_a_card(alice: Buyer) -> None:
    from billing import reading
    from console.standing import standing_of
    from portal import mailbox

    by_invoice(alice, days=10)
    alice.pass_days(10 + 3 * HOUR)
    number, tenant = alice.bought.open_number, alice.workspace.tenant
    head = standing_of(tenant, reading.billing_of(tenant))
    assert f"Invoice {number} over $299.00 was due on" in head.lines[0]
    alice.settle_mails(f"invoice {number} is overdue")
    alice.pass_days(3)
    from billing import tasks

    tasks.collect(timestamp=0)
    alice.settle_mails("still open")
    told = [mail for mail in mailbox.newest(1_000) if mail.to == alice.workspace.owner_email]
    assert len(told) == 2
    for words in (*head.lines, *(mail.text for mail in told)):
        assert "card" not in words
    assert all(f"Invoice {number} over $299.00, due on" in mail.text for mail in told)


def test_whoever_goes_over_to_invoices_on_trial_is_told_of_an_invoice_and_of_no_charge(alice: Buyer) -> None:
    from billing import reading
    from console.standing import standing_of
    from portal import mailbox

    alice.buy("pro", "year")
    by_invoice(alice, "pro", "year")
    tenant = alice.workspace.tenant
    (line,) = standing_of(tenant, reading.billing_of(tenant)).lines
    assert line.endswith(
        "Then it is $490 a year. An invoice comes by mail then, due within 30 days; no card is charged."
    )
    alice.pass_days(11.5)
    alice.settle_mails("your trial ends on")
    (told,) = [mail for mail in mailbox.newest(1_000) if mail.to == alice.workspace.owner_email]
    assert "On that day an invoice over $490.00 comes by mail, due within 30 days" in told.text
    assert ("No card is charged" in told.text, "is charged, and" in told.text) == (True, False)


def test_a_running_plan_can_be_paid_that_way_from_now_on(alice: Buyer) -> None:
    alice.buy("pro", "year")
    by_invoice(alice, "pro", "year")
    assert alice.bought.collection_method == "send_invoice"
    assert alice.in_force == ("pro", "active")


@pytest.mark.parametrize(
    ("plan", "interval", "days", "words"),
    [
        ("pro", "month", 30, "for Business"),
        ("business", "month", 0, "within 1 to 60 days"),
        ("business", "month", 61, "within 1 to 60 days"),
        ("free", "year", 30, "no such paid plan"),
    ],
)
def test_it_is_not_for_everyone(alice: Buyer, plan: str, interval: str, days: int, words: str) -> None:
    with pytest.raises(BillingRefused, match=words):
        by_invoice(alice, plan, interval, days)
    assert alice.in_force == ("free", "active")


def test_a_plan_that_was_cancelled_is_kept_first(alice: Buyer) -> None:
    from billing import actions

    alice.buy("business")
    actions.cancel(alice.tenant_id)
    with pytest.raises(BillingRefused, match="Keep it first"):
        by_invoice(alice)
    assert alice.bought.collection_method == "charge_automatically"


def test_a_change_on_trial_says_that_what_comes_then_comes_by_mail(alice: Buyer) -> None:
    alice.buy("pro", "year")
    asked = "change/?plan=business&by=year"
    words = "Invoices come by mail as before; no card is charged."
    with sign_in(alice.workspace) as owner:
        assert words not in text_of(owner.get(f"/console/billing/{asked}"))
        by_invoice(alice, "pro", "year")
        assert words in text_of(owner.get(f"/console/billing/{asked}"))


def test_it_does_not_go_over_to_a_plan_that_it_is_not_for(alice: Buyer) -> None:
    """On trial, and paid for: whoever has Business by invoice does not come by Pro by the month that way."""
    from billing import actions

    alice.buy("business")
    by_invoice(alice)
    assert (alice.bought.status, alice.bought.collection_method) == ("trialing", "send_invoice")
    for paid in (False, True):
        if paid:
            alice.pass_days(14 + 2 * HOUR)
            pay_what_is_owed(alice)
        with pytest.raises(BillingRefused, match="Pay by card again first"):
            actions.change_plan(alice.tenant_id, "pro", "month")
        preview = actions.preview_change(alice.tenant_id, "pro", "month")
        assert (preview.by_card_first, len(preview.reasons)) == (True, 1)
        assert (alice.in_force, alice.bought.next_plan) == (("business", "active"), "")
    actions.change_plan(alice.tenant_id, "pro", "year")  # which it is for
    assert (alice.bought.next_plan, alice.bought.next_interval) == ("pro", "year")
    actions.keep_plan(alice.tenant_id)
    actions.pay_by_card(alice.tenant_id)
    actions.change_plan(alice.tenant_id, "pro", "month")
    with pytest.raises(BillingRefused, match="Another one is booked"):
        by_invoice(alice)
    assert (alice.bought.collection_method, alice.bought.next_plan) == ("charge_automatically", "pro")
    actions.keep_plan(alice.tenant_id)
    by_invoice(alice)
    assert alice.bought.collection_method == "send_invoice"


def test_an_invoice_on_its_way_is_due_when_it_was_going_to_be_after_the_card_is_back(alice: Buyer) -> None:
    from billing import actions, reading
    from console.standing import day, open_invoice

    by_invoice(alice)

    def told() -> str:
        return open_invoice(reading.billing_of(alice.workspace.tenant))

    due = alice.bought.open_due
    assert f"It is due on {day(due)}." in told()
    assert (due - alice.now).days in (29, 30)
    add_a_card(alice)
    actions.pay_by_card(alice.tenant_id)
    assert alice.bought.collection_method == "charge_automatically"
    assert (alice.bought.open_due, f"It is due on {day(due)}." in told()) == (due, True)
    alice.pass_days(2 * HOUR)  # sent by now
    assert abs((alice.bought.open_due - due).total_seconds()) <= 2 * 3_600
