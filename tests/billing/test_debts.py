"""A debt outlives the subscription that it came from: nothing more is sold before it is paid."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from billing.errors import BillingRefused
from tests.billing.buyer import DAY, Buyer
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_drafts import cancel_page
from tests.billing.test_dunning import collect, pay_what_is_owed

HOUR = 1 / 24
OPEN = r"An invoice over \$299.00 is open. Pay it first."


@pytest.fixture
def owing(alice: Buyer) -> Buyer:
    """Alice has had Business by invoice, and its first invoice fell due two hours ago."""
    by_invoice(alice, days=10)
    alice.pass_days(10 + 3 * HOUR)
    collect()
    assert alice.in_force == ("business", "past_due")
    return alice


def cancel(buyer: Buyer) -> None:
    from billing import actions

    assert actions.cancel(buyer.tenant_id) is None
    buyer.settle()
    assert buyer.bought.status == "canceled"


def subscriptions(buyer: Buyer) -> int:
    wanted = {"customer": buyer.customer, "status": "all"}
    return len(buyer.api.subscriptions.list(params=wanted).data)  # type: ignore[arg-type]


def write_off(buyer: Buyer) -> None:
    for debt in buyer.api.invoices.list(params={"customer": buyer.customer, "status": "open"}).data:
        buyer.api.invoices.mark_uncollectible(str(debt.id))
    buyer.settle()


@pytest.mark.parametrize("buy", [by_invoice, Buyer.checkout], ids=["by_invoice", "checkout"])
@pytest.mark.parametrize("given_up", [False, True], ids=["open", "given_up"])
def test_whoever_cancelled_owing_buys_nothing_before_it_is_paid(
    owing: Buyer, buy: Callable[[Buyer], object], given_up: bool
) -> None:
    cancel(owing)
    if given_up:
        write_off(owing)
    for _ in range(2):
        with pytest.raises(BillingRefused, match=OPEN):
            buy(owing)
    assert (subscriptions(owing), owing.in_force) == (1, ("free", "past_due"))
    pay_what_is_owed(owing)
    assert owing.in_force == ("free", "active")
    buy(owing)


def test_cancelling_does_not_open_what_is_suspended(owing: Buyer) -> None:
    owing.pass_days(7)
    collect()
    assert owing.in_force == ("business", "suspended")
    cancel(owing)
    owing.pass_days(30)
    collect()
    assert owing.in_force == ("free", "suspended")
    write_off(owing)
    assert owing.in_force == ("free", "suspended")
    pay_what_is_owed(owing)
    assert owing.in_force == ("free", "active")


def test_grace_goes_on_after_cancelling_and_ends(owing: Buyer) -> None:
    since = owing.bought.past_due_since
    cancel(owing)
    assert (owing.in_force, owing.bought.past_due_since) == (("free", "past_due"), since)
    owing.pass_days(7)
    collect()
    assert owing.in_force == ("free", "suspended")


def test_what_is_voided_is_not_owed(owing: Buyer) -> None:
    cancel(owing)
    for debt in owing.api.invoices.list(params={"customer": owing.customer, "status": "open"}).data:
        owing.api.invoices.void_invoice(str(debt.id))
    owing.settle()
    assert (owing.in_force, owing.bought.standing) == (("free", "active"), "ended")


def test_there_is_no_trial_after_an_invoice(owing: Buyer) -> None:
    cancel(owing)
    pay_what_is_owed(owing)
    assert owing.bought.had_trial
    owing.buy("pro")
    assert (owing.bought.status, owing.in_force) == ("active", ("pro", "active"))


def test_paying_a_later_invoice_does_not_pay_an_earlier_one(alice: Buyer) -> None:
    by_invoice(alice, days=40)
    alice.pass_days(38)
    listed = alice.api.invoices.list(params={"customer": alice.customer, "status": "open"}).data
    newest = max(listed, key=lambda one: one.created)
    assert len(listed) == 2
    alice.pay(str(newest.hosted_invoice_url))
    alice.pass_days(3)
    collect()
    assert alice.in_force == ("business", "past_due")
    pay_what_is_owed(alice)
    assert alice.in_force == ("business", "active")


def test_a_plan_with_an_open_invoice_is_not_changed_or_taken_up_again(alice: Buyer) -> None:
    from billing import actions

    by_invoice(alice)
    alice.pass_days(2 * HOUR)
    assert actions.preview_change(alice.tenant_id, "business", "year").reasons != ()
    with pytest.raises(BillingRefused, match=OPEN):
        actions.change_plan(alice.tenant_id, "business", "year")
    with pytest.raises(BillingRefused, match=OPEN):
        by_invoice(alice)
    actions.cancel(alice.tenant_id)
    with pytest.raises(BillingRefused, match=OPEN):
        actions.reactivate(alice.tenant_id)
    pay_what_is_owed(alice)
    actions.reactivate(alice.tenant_id)
    assert alice.bought.cancel_at is None


def test_an_invoice_that_is_due_after_the_end_is_owed_from_then_on(alice: Buyer) -> None:
    from billing import actions

    by_invoice(alice, days=60)
    alice.pass_days(2 * HOUR)
    actions.cancel(alice.tenant_id)
    ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
    alice.pass_days(ahead + 2 * HOUR)
    assert alice.in_force == ("free", "active")
    with pytest.raises(BillingRefused, match=OPEN):
        by_invoice(alice)
    alice.pass_days(31)
    actions.refresh(alice.tenant_id)
    assert alice.in_force == ("free", "past_due")


def test_mallorys_debt_is_hers_alone(owing: Buyer, mallory: Buyer) -> None:
    cancel(owing)
    by_invoice(mallory)
    assert mallory.in_force == ("business", "active")
    with pytest.raises(BillingRefused, match=OPEN):
        by_invoice(owing)


def test_a_tax_id_is_of_a_kind_that_we_offer(alice: Buyer) -> None:
    from billing import actions
    from billing.actions.paperwork import TAX_ID_TYPES
    from console.billing_page import TAX_IDS

    assert set(TAX_IDS) == TAX_ID_TYPES
    for blank in ("", "  "):
        with pytest.raises(BillingRefused, match="is missing"):
            actions.set_tax_id(alice.tenant_id, "eu_vat", blank)
    for kind in ("__proto__", "", "il_vat", "EU_VAT"):
        with pytest.raises(BillingRefused, match="no such kind"):
            actions.set_tax_id(alice.tenant_id, kind, "DE123456789")
    assert actions.tax_ids(alice.tenant_id) == []
    assert actions.set_tax_id(alice.tenant_id, "eu_vat", "DE123456789").value == "DE123456789"
    first = actions.set_tax_id(alice.tenant_id, "us_ein", "12-3456789")
    assert actions.set_tax_id(alice.tenant_id, "us_ein", "123456789") == first


def test_what_opens_a_workspace_again_is_said_in_full(alice: Buyer, mallory: Buyer) -> None:
    """Three invoices are open, two of them due: the one that has been for over seven days opens it."""
    from billing import actions, reading
    from console.standing import standing_of

    def said(buyer: Buyer) -> str:
        tenant = buyer.workspace.tenant
        return " ".join(standing_of(tenant, reading.billing_of(tenant)).lines)

    for buyer in (alice, mallory):
        by_invoice(buyer, days=10)
        buyer.pass_days(20)
    assert "Paying opens it again at once. Nothing" in said(alice)
    for days in (24, 20):
        alice.pass_days(days)
    assert [one.status for one in actions.invoices(alice.tenant_id)] == ["open"] * 3
    assert "2 more are open too." in said(alice)
    all_due = (
        "2 invoices are due, $598.00 in all. It opens again as soon as none is more than 7 days overdue."
    )
    assert all_due in said(alice)
    asked = cancel_page(alice)
    assert (
        "2 more are open too. 2 invoices are due, $598.00 in all. The workspace opens again as soon as"
        in asked
    )
    assert "overdue, as Free." in asked
    for state in ("suspended", "active"):
        page = actions.pay_url(alice.tenant_id)
        assert page is not None
        alice.pay(page)
        alice.settle()
        assert alice.in_force == ("business", state)
        if state == "suspended":
            assert "1 more is open too. Paying this one opens it again at once. Nothing" in said(alice)
    assert mallory.in_force == ("business", "suspended")
