"""What is owed: seven days, reminders, suspension, and back at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.billing.buyer import DAY, EMPTY_CARD, Buyer

HOUR = 1 / 24


@pytest.fixture
def owing(alice: Buyer) -> Buyer:
    """Alice's second month was not paid, an hour ago."""
    alice.control("POST", "settings", after_retries="past_due")
    alice.buy("pro")
    alice.pass_days(14 + 2 * HOUR)
    alice.let_the_card_fail()
    ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
    alice.pass_days(ahead + 2 * HOUR)
    assert alice.in_force == ("pro", "past_due")
    return alice


def pay_what_is_owed(buyer: Buyer) -> None:
    from billing import actions

    while page := actions.pay_url(buyer.tenant_id):
        assert buyer.pay(page).status_code in (302, 303)
    buyer.settle()


def collect() -> None:
    from billing import tasks

    tasks.collect(timestamp=0)


def test_grace_is_seven_days_to_the_hour(owing: Buyer) -> None:
    ends = owing.bought.suspends_at
    assert ends - owing.bought.past_due_since == timedelta(days=7)
    owing.pass_days((ends - owing.now).total_seconds() / DAY - HOUR)
    collect()
    assert owing.in_force == ("pro", "past_due")
    owing.pass_days(HOUR)
    collect()
    assert owing.in_force == ("pro", "suspended")


def test_reminders_come_on_their_days_and_once(owing: Buyer) -> None:
    def about_money() -> list[str]:
        words = ("payment", "suspended")
        return [subject for subject in owing.mails() if any(word in subject for word in words)]

    owing.settle_mails("a payment failed")
    for _ in range(3):
        collect()
    owing.pass_days(3)
    for _ in range(3):
        collect()
    owing.settle_mails("still open")
    owing.pass_days(3)
    collect()
    owing.settle_mails("is suspended on")
    owing.pass_days(1)
    for _ in range(3):
        collect()
    owing.settle_mails("is suspended")
    slug = owing.workspace.slug
    found = [subject.replace(f"Workspace {slug}", "W") for subject in about_money()]
    assert found[:2] == ["W: a payment failed", "W: a payment is still open"]
    assert found[2].startswith("W is suspended on ")
    assert found[3:] == ["W is suspended"]


def test_paying_within_grace_ends_it(owing: Buyer) -> None:
    from billing import actions, reading

    tenant = owing.workspace.tenant
    assert reading.billing_of(tenant).standing == "past_due"
    assert reading.billing_of(tenant).suspends_at == owing.bought.suspends_at
    owing.let_the_card_fail(False)
    page = actions.pay_url(owing.tenant_id)
    assert page is not None
    owing.pay(page)
    owing.settle()
    assert (owing.in_force, owing.bought.past_due_since) == (("pro", "active"), None)
    assert actions.pay_url(owing.tenant_id) is None


def test_stripes_own_retry_restores_at_once(owing: Buyer) -> None:
    owing.let_the_card_fail(False)
    owing.pass_days(3 + HOUR)
    assert owing.in_force == ("pro", "active")


def test_what_stripe_gives_up_is_suspended_and_not_given_away(owing: Buyer) -> None:
    """Retries that end in a cancellation are no way to a free workspace: it is suspended when its grace is over."""
    owing.control("POST", "settings", after_retries="cancel")
    owing.pass_days(16)
    collect()
    assert owing.bought.status == "canceled"
    assert owing.in_force == ("pro", "suspended")
    owing.let_the_card_fail(False)
    pay_what_is_owed(owing)
    assert owing.in_force == ("free", "active")
    owing.buy("pro")
    assert owing.in_force == ("pro", "active")


def test_an_invoice_that_we_write_off_is_not_owed(owing: Buyer) -> None:
    from billing import actions

    (debt,) = [one for one in actions.invoices(owing.tenant_id) if one.status == "open"]
    owing.api.invoices.void_invoice(debt.id)
    owing.settle()
    assert owing.in_force == ("pro", "active")


def test_a_trial_whose_card_is_empty_ends_in_grace(alice: Buyer) -> None:
    alice.buy("pro", card=EMPTY_CARD)
    assert alice.in_force == ("pro", "active")
    alice.pass_days(14 + 2 * HOUR)
    assert alice.in_force == ("pro", "past_due")
    alice.settle_mails("a payment failed")


def test_nothing_is_deleted_for_money(owing: Buyer) -> None:
    from tests.isolation.traces import rows_of

    schema = owing.workspace.tenant.schema_name
    before = rows_of(schema)
    journal = before.pop("audit_auditentry")
    owing.pass_days(30)
    collect()
    owing.pass_days(30)
    collect()
    assert owing.in_force == ("pro", "suspended")
    after = rows_of(schema)
    assert set(after.pop("audit_auditentry")) > set(journal)  # which tells of the suspension
    assert after == before


def test_days_left_are_whole_and_rounded_up() -> None:
    from billing.models import Subscription
    from billing.reading import _billing
    from tenants.plans import PLANS

    def left(**ago: float) -> int:
        since = timezone.now() - timedelta(**ago)
        found = Subscription(past_due_since=since, standing="past_due", status="past_due")
        return _billing(found, PLANS["pro"]).grace_days_left

    assert [left(seconds=1), left(days=1, hours=1), left(days=6, hours=23), left(days=9)] == [7, 6, 1, 0]


def test_a_later_invoice_that_is_paid_does_not_pay_for_the_one_before(owing: Buyer, mallory: Buyer) -> None:
    mallory.buy("pro")
    since = owing.bought.past_due_since
    owing.pass_days(25)  # no retry is left
    owing.let_the_card_fail(False)
    ahead = (owing.bought.period_end - owing.now).total_seconds() / DAY
    owing.pass_days(ahead + 2 * HOUR)  # the next month is charged, and Stripe asks no more for the one before
    collect()
    assert owing.bought.status == "active"
    assert (owing.in_force, owing.bought.past_due_since) == (("pro", "suspended"), since)
    assert mallory.in_force == ("pro", "active")
    pay_what_is_owed(owing)
    assert (owing.in_force, owing.bought.past_due_since) == (("pro", "active"), None)


def test_a_change_that_is_paid_for_in_the_portal_opens_nothing_while_a_month_is_owed(owing: Buyer) -> None:
    owing.pass_days(7)
    collect()
    assert owing.in_force == ("pro", "suspended")
    owing.let_the_card_fail(False)
    (price,) = owing.api.prices.list(params={"lookup_keys": ["snug_business_monthly_v1"]}).data
    bought = owing.api.subscriptions.retrieve(owing.bought.subscription_id)
    item = bought["items"]["data"][0]["id"]
    owing.api.subscriptions.update(
        bought.id,
        params={"items": [{"id": item, "price": price.id}], "proration_behavior": "always_invoice"},
    )
    owing.settle()
    collect()
    assert (owing.bought.status, owing.in_force) == ("active", ("business", "suspended"))
    pay_what_is_owed(owing)
    assert owing.in_force == ("business", "active")
