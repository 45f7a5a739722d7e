"""A draft that Stripe has not sent when its plan ends is owed like any other invoice."""

from __future__ import annotations

from typing import Any

from tests.billing.buyer import DAY, Buyer
from tests.billing.metering import use
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import to_the_end
from tests.billing.test_dunning import pay_what_is_owed

MINUTE = 1 / 24 / 60


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
    ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
    alice.pass_days(ahead + MINUTE)
    assert alice.bought.status == "past_due"
    assert sum(drafts(alice)) > 0
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
