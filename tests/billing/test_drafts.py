"""A draft that Stripe has not sent when its plan ends is owed like any other invoice."""

from __future__ import annotations

from typing import Any

from tests.billing.buyer import DAY, Buyer
from tests.billing.metering import use
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import paying, to_the_end
from tests.billing.test_dunning import pay_what_is_owed
from tests.console.staff import sign_in
from tests.portal.visitor import text_of

MINUTE = 1 / 24 / 60


def past_its_end(buyer: Buyer, minutes: float) -> None:
    """So many minutes after the period that is paid for, in the hour of the draft for the next."""
    ahead = (buyer.bought.period_end - buyer.now).total_seconds() / DAY
    buyer.pass_days(ahead + minutes * MINUTE)


def page(buyer: Buyer, path: str) -> str:
    suspended = buyer.in_force[1] == "suspended"
    with sign_in(buyer.workspace, to="/console/billing/" if suspended else "") as owner:
        return text_of(owner.get(f"/console/billing/{path}"))


def cancel_page(buyer: Buyer) -> str:
    return page(buyer, "cancel/")


def drafts(buyer: Buyer) -> list[int]:
    asked: Any = {"customer": buyer.customer, "status": "draft"}
    return [one.amount_due for one in buyer.api.invoices.list(params=asked).data]


def test_a_draft_that_a_cancellation_leaves_behind_is_owed(alice: Buyer) -> None:
    """An invoice is a draft for an hour. In it the plan is ended by whoever owes for another."""
    from billing import actions

    by_invoice(alice)
    alice.pass_days(1)
    pay_what_is_owed(alice)
    actions.set_overage(alice.tenant_id, True, 40)
    to_the_end(alice)
    alice.pass_days(31.5)
    use(alice, 10_202)
    actions.report_usage(alice.tenant_id)
    past_its_end(alice, 1)
    assert alice.bought.status == "past_due"
    assert drafts(alice) == [29_900 + 3 * 400]
    words = "Another invoice over $311.00 is drawn up already: it goes out by mail when you cancel."
    asked = cancel_page(alice)
    assert (words in asked, "1 more is open too." in asked) == (True, True)
    actions.cancel(alice.tenant_id)
    alice.settle()
    assert drafts(alice) == []
    assert alice.in_force[0] == "free"
    owed = [one.cents for one in actions.invoices(alice.tenant_id) if one.status == "open"]
    assert 29_900 + 3 * 400 in owed


def test_a_draft_that_is_there_when_a_period_ends_is_owed(alice: Buyer) -> None:
    """A change by invoice, and a cancellation in the hour of its draft, less than an hour before the end."""
    from billing import actions

    by_invoice(alice, "pro", "year")
    alice.pass_days(1)
    pay_what_is_owed(alice)
    actions.set_overage(alice.tenant_id, True, 60)
    ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
    alice.pass_days(ahead - 1)
    use(alice, 1_202)
    actions.report_usage(alice.tenant_id)
    alice.pass_days(1 - 25 * MINUTE)
    actions.change_plan(alice.tenant_id, "business", "year")
    alice.settle()
    (asked,) = drafts(alice)
    assert asked >= 3 * 600
    actions.cancel(alice.tenant_id)
    to_the_end(alice)
    assert (alice.in_force[0], drafts(alice)) == ("free", [])
    assert asked in [one.cents for one in actions.invoices(alice.tenant_id) if one.status == "open"]


def test_a_draft_for_the_card_is_named_before_the_plan_ends_and_charged_when_it_does(
    alice: Buyer, mallory: Buyer
) -> None:
    """What was mailed is overdue; what comes next is for the card."""
    from billing import actions

    alice.buy("business")
    alice.pass_days(15)
    mallory.buy("business")
    mallory.pass_days(15)
    by_invoice(alice, days=20)
    to_the_end(alice)
    alice.pass_days(21)
    actions.pay_by_card(alice.tenant_id)
    past_its_end(alice, 10)
    past_its_end(mallory, 10)
    assert (alice.in_force[1], drafts(alice), drafts(mallory)) == ("suspended", [29_900], [29_900])
    asked = cancel_page(alice)
    charged = "Another invoice over $299.00 is drawn up already: your card is charged for it when you cancel."
    assert charged in asked
    goes_on = cancel_page(mallory)
    assert "Business goes on until" in goes_on
    assert (
        "An invoice over $299.00 is drawn up already: your card is charged for it within the hour." in goes_on
    )
    actions.cancel(alice.tenant_id)
    alice.settle()
    newest, mailed, *_ = actions.invoices(alice.tenant_id)
    assert [(one.cents, one.status) for one in (newest, mailed)] == [(29_900, "paid"), (29_900, "open")]
    assert drafts(mallory) == [29_900]


def test_whoever_has_paid_a_later_invoice_cancels_with_the_period_and_is_told_so(alice: Buyer) -> None:
    """They still owe for the one before; to Stripe they are in good standing."""
    from billing import actions

    by_invoice(alice, days=5)
    to_the_end(alice)
    later, first = actions.invoices(alice.tenant_id)
    assert (later.status, first.status, alice.in_force[1]) == ("open", "open", "suspended")
    alice.pay(later.page_url)
    alice.settle()
    assert (alice.bought.status, alice.in_force[1]) == ("active", "suspended")
    past_its_end(alice, 10)
    asked = cancel_page(alice)
    ends = actions.cancel(alice.tenant_id)
    assert ends is not None
    assert f"Business goes on until {ends.day} {ends:%B %Y} ." in asked
    assert "Another invoice over $299.00 is drawn up already: it goes out by mail within the hour." in asked
    assert ("more is open" in asked, f"stays suspended until invoice {first.number} is paid." in asked) == (
        False,
        True,
    )
    said = page(alice, "")
    assert f"Business is cancelled, and goes on until {ends.day} {ends:%B %Y}. Until then you can" in said
    assert "Keep Business" not in said
    alice.pass_days(1 / 12)  # what was drawn up is sent
    pay_what_is_owed(alice)
    said = page(alice, "")
    assert (f"Business until {ends.day} {ends:%B %Y}" in said, "Keep Business" in said) == (True, True)


def test_what_credit_pays_of_a_draft_is_not_called_charged(alice: Buyer) -> None:
    paying(alice)
    past_its_end(alice, 10)
    for credit, words in (
        (2_000, ", of which your credit pays $20.00: your card is charged for it within the hour."),
        (10_000, ", and your credit pays it."),
    ):
        alice.api.customers.update(alice.customer, params={"balance": -credit})
        alice.settle()
        assert f"An invoice over $49.00 is drawn up already{words}" in cancel_page(alice)


def test_a_draft_that_was_never_to_be_sent_is_not_sent_when_the_plan_ends(alice: Buyer) -> None:
    """Of a month that was spent suspended, where Stripe is set to collect no more."""
    from billing import actions

    alice.control("POST", "settings", after_retries="unpaid")
    alice.buy("pro")
    alice.let_the_card_fail()
    alice.pass_days(15)
    to_the_end(alice)
    alice.pass_days(4)
    assert (alice.bought.status, drafts(alice)) == ("unpaid", [4_900])
    alice.let_the_card_fail(False)
    actions.refresh(alice.tenant_id)
    assert "drawn up" not in cancel_page(alice)
    actions.cancel(alice.tenant_id)
    alice.settle()
    assert drafts(alice) == [4_900]
    assert [one.status for one in actions.invoices(alice.tenant_id) if one.cents] == ["open"]


def test_what_a_draft_would_have_credited_is_credited(alice: Buyer) -> None:
    paying(alice)
    alice.api.invoice_items.create(params={"customer": alice.customer, "amount": -6_000, "currency": "usd"})
    past_its_end(alice, 10)
    assert drafts(alice) == [0]
    alice.api.subscriptions.cancel(alice.bought.subscription_id)
    alice.settle()
    assert (drafts(alice), alice.bought.credit_cents) == ([], 1_100)


def test_a_cancellation_is_not_called_taken_back_freely_while_something_is_open(alice: Buyer) -> None:
    from billing import actions

    words = "you can take this back, once what is open is paid."
    by_invoice(alice)
    assert words in cancel_page(alice)
    actions.cancel(alice.tenant_id)
    said = page(alice, "")
    assert (words in said, "Keep Business" in said) == (True, False)
    alice.pass_days(1)
    pay_what_is_owed(alice)
    said = page(alice, "")
    assert (words in said, "Keep Business" in said) == (False, True)
    actions.reactivate(alice.tenant_id)
    assert "Until then you can take this back." in cancel_page(alice)


def test_a_change_says_what_is_charged_besides_and_what_credit_is_left_after_it(alice: Buyer) -> None:
    """By the year, and in the hour after the trial: what is given back pays for some of the year, and for no month."""
    from billing import actions

    alice.buy("pro", "year")
    past_its_end(alice, 10)
    assert drafts(alice) == [49_000]
    credit = actions.preview_change(alice.tenant_id, "business", "month").credit_cents
    assert 15_000 < credit < 25_000
    asked = page(alice, "change/?plan=business&by=month")
    assert (
        f"drawn up already, of which your credit pays ${credit / 100:.2f}: your card is charged for it"
        in asked
    )
    assert "after credit" not in asked
    actions.change_plan(alice.tenant_id, "business", "month")
    alice.pass_days(2 / 24)
    charged = [one.due_cents for one in actions.invoices(alice.tenant_id) if one.status == "paid"]
    assert 49_000 - credit in charged
    to_the_end(alice)
    assert actions.invoices(alice.tenant_id)[0].due_cents == 29_900


def test_by_invoice_comes_after_what_is_drawn_up_for_the_card(alice: Buyer) -> None:
    from billing import actions

    alice.buy("business")
    past_its_end(alice, 10)
    asked = page(alice, "by-invoice/?choice=business+month")
    assert (
        "An invoice over $299.00 is drawn up already: your card is charged for it within the hour." in asked
    )
    by_invoice(alice)
    alice.pass_days(2 / 24)
    (charged,) = (one for one in actions.invoices(alice.tenant_id) if one.cents)
    assert (charged.cents, charged.status) == (29_900, "paid")


def test_what_is_on_its_way_by_mail_is_not_called_paid(alice: Buyer) -> None:
    by_invoice(alice)
    with sign_in(alice.workspace) as owner:
        owner.post("/console/billing/pay/", page="/console/billing/")
        said = text_of(owner.get("/console/billing/"))
    assert ("Everything is paid" in said, "is on its way by mail" in said) == (False, True)
