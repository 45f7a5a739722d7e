"""One workspace, one plan: whoever buys on two ways at once pays for one."""

from __future__ import annotations

import logging

import httpx
import pytest

from tests.billing.buyer import GOOD_CARD, Buyer
from tests.billing.test_by_invoice import HOUR, by_invoice
from tests.plain_http import NO_TLS


def counting(buyer: Buyer) -> list[str]:
    """The subscriptions that something is, or would be, charged for."""
    listed = buyer.api.subscriptions.list(params={"customer": buyer.customer, "status": "all"}).data
    return [one.id for one in listed if one.status in ("active", "trialing", "past_due", "unpaid")]


def buy_beside(buyer: Buyer, key: str) -> str:
    """A subscription that came about while nobody looked: what a race with a page that is being paid leaves."""
    (price,) = buyer.api.prices.list(params={"lookup_keys": [key]}).data
    method = buyer.api.payment_methods.attach("pm_card_visa", params={"customer": buyer.customer})
    made = buyer.api.subscriptions.create(
        params={
            "customer": buyer.customer,
            "items": [{"price": price.id}],
            "default_payment_method": method.id,
        }
    )
    return str(made.id)


def test_buying_by_invoice_closes_the_page_that_stands_open(alice: Buyer) -> None:
    page = alice.checkout("pro")
    by_invoice(alice)
    with httpx.Client(verify=NO_TLS) as browser:
        paid = browser.post(page, data={"number": GOOD_CARD, "exp": "12 / 34", "cvc": "123", "name": "Alice"})
    assert paid.status_code not in (302, 303)
    alice.settle()
    assert counting(alice) == [alice.bought.subscription_id]
    assert (alice.bought.status, alice.bought.plan) == ("active", "business")


def test_a_page_that_is_paid_first_is_the_plan_and_no_second_one_is_sold(alice: Buyer) -> None:
    from billing.errors import BillingRefused

    alice.spoil_deliveries("lost")  # we do not know of it yet
    alice.pay(alice.checkout("pro"))
    with pytest.raises(BillingRefused, match="Change to Business"):
        by_invoice(alice)
    assert len(counting(alice)) == 1


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "unpaid"])
def test_of_two_plans_the_first_stays_and_the_other_costs_nothing(
    alice: Buyer, mallory: Buyer, caplog: pytest.LogCaptureFixture, paid: bool
) -> None:
    from billing import actions

    mallory.buy("pro")
    by_invoice(alice)
    first = alice.bought.subscription_id
    alice.spoil_deliveries("lost")
    alice.pass_days(2 * HOUR)
    if paid:
        buy_beside(alice, "snug_pro_monthly_v1")
    else:
        (price,) = alice.api.prices.list(params={"lookup_keys": ["snug_pro_monthly_v1"]}).data
        alice.api.subscriptions.create(
            params={
                "customer": alice.customer,
                "items": [{"price": price.id}],
                "collection_method": "send_invoice",
                "days_until_due": 30,
            }
        )
    assert len(counting(alice)) == 2
    with caplog.at_level(logging.ERROR, "snug.billing"):
        actions.refresh(alice.tenant_id)
    assert "bought twice" in caplog.text
    assert counting(alice) == [first]
    assert (alice.bought.subscription_id, alice.in_force) == (first, ("business", "active"))
    balance = alice.api.customers.retrieve(alice.customer).balance
    assert balance == (-4_900 if paid else 0)
    assert [one.cents for one in actions.invoices(alice.tenant_id) if one.status == "open"] == [29_900]
    alice.settle()
    alice.settle_mails("bought twice")
    assert len(counting(mallory)) == 1
    assert mallory.bought.status == "trialing"
    assert not any("twice" in subject for subject in mallory.mails())


def test_a_second_one_on_trial_ends_with_its_trial(alice: Buyer) -> None:
    by_invoice(alice)
    (price,) = alice.api.prices.list(params={"lookup_keys": ["snug_pro_monthly_v1"]}).data
    alice.api.subscriptions.create(
        params={"customer": alice.customer, "items": [{"price": price.id}], "trial_period_days": 14}
    )
    alice.settle()
    assert counting(alice) == [alice.bought.subscription_id]
    assert (alice.bought.status, alice.bought.plan) == ("active", "business")
