"""What is used is billed once, at the price that it was used at; nothing of it is had for nothing."""

from __future__ import annotations

import pytest

from tests.billing.buyer import Buyer
from tests.billing.metering import (
    a_month_ago,
    are_open,
    counted_at_stripe,
    extra,
    for_usage,
    newest,
    to_business_in_the_portal,
    two_connections,
    use,
)
from tests.billing.test_change import paying, to_the_end
from tests.realtime.backstage import rows


def test_what_was_used_under_a_plan_that_is_over_is_not_had_for_nothing_under_the_next(small: Buyer) -> None:
    """Counted in the last minute of a plan, and too late for its invoice: bought again, it is owed again."""
    from billing import actions, rounds

    actions.set_overage(small.tenant_id, True, 60)
    actions.cancel(small.tenant_id)
    use(small, 402)
    to_the_end(small)
    assert (small.in_force, extra(small)) == (("free", "active"), 0)
    small.buy("pro")
    assert rounds.report_all() == 0
    small.pass_days(1)
    actions.set_overage(small.tenant_id, True, 60)
    use(small, 402)
    assert rounds.report_all() == 0
    to_the_end(small)
    assert for_usage(small) == [2_400]


def test_what_was_used_before_a_dearer_price_came_is_not_billed_at_it(alice: Buyer) -> None:
    """Stripe makes a booked change by itself. What was counted or open by then has the price of then."""
    from billing import actions, rounds

    two_connections(alice)
    paying(alice, "business")
    actions.set_overage(alice.tenant_id, True, 8)
    actions.change_plan(alice.tenant_id, "pro", "month")
    alice.pass_days(2)
    use(alice, 102)
    are_open(alice, 202)
    to_the_end(alice)
    assert (alice.in_force, extra(alice)) == (("pro", "active"), 0)
    assert rounds.report_all() == 0
    steps = (
        "SELECT before, after, block_cents FROM public.billing_usagereport WHERE tenant_id = %s ORDER BY id"
    )
    assert rows(alice.workspace, steps, alice.tenant_id) == [(0, 1, 400), (1, 2, 400)]
    to_the_end(alice)
    assert for_usage(alice) == []

    a_month_ago(alice)
    actions.refresh(alice.tenant_id)
    assert extra(alice) == 100


def test_what_the_end_of_a_period_billed_to_nobody_is_not_had_for_nothing_at_the_next_price(
    small: Buyer,
) -> None:
    """Counted in the last minute before a booked change, and too late for the invoice: used again, it is owed."""
    from billing import actions, rounds

    actions.change_plan(small.tenant_id, "business", "month")
    small.settle()
    actions.set_overage(small.tenant_id, True, 20)
    actions.change_plan(small.tenant_id, "pro", "month")
    use(small, 202)
    to_the_end(small)
    assert (small.in_force, extra(small)) == (("pro", "active"), 200)  # 8 of 20 are spent
    assert rounds.report_all() == 0
    use(small, 202)
    assert rounds.report_all() == 0
    to_the_end(small)
    assert for_usage(small) == [1_200]


def test_nothing_is_counted_as_paid_that_nothing_bills(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    unpriced = "UPDATE public.billing_subscription SET block_cents = 0 WHERE tenant_id = %s"
    rows(small.workspace, unpriced, small.tenant_id)
    use(small, 402)
    assert actions.report_usage(small.tenant_id) == 0


def test_an_upgrade_bills_what_was_used_until_then_at_the_price_of_until_then(lent: Buyer) -> None:
    """On the last day of the month, before it was reported, and before it was even counted."""
    from billing import actions

    lent.pass_days(28)
    use(lent, 1_302)
    are_open(lent, 1_502)
    preview = actions.preview_change(lent.tenant_id, "business", "month")
    actions.change_plan(lent.tenant_id, "business", "month")
    lent.settle()
    assert newest(lent) == (preview.due_cents, "paid")
    assert for_usage(lent) == [6 * 600]
    assert counted_at_stripe(lent) == 6
    to_the_end(lent)
    assert newest(lent) == (29_900, "paid")


@pytest.mark.parametrize("portal", [False, True], ids=["here", "in the portal"])
def test_what_comes_after_the_upgrade_has_the_new_price_from_the_first_second_on(
    lent: Buyer, portal: bool
) -> None:
    from billing import actions

    use(lent, 1_202)
    actions.report_usage(lent.tenant_id)
    lent.pass_days(1)
    if portal:  # which leaves the meter as it is
        to_business_in_the_portal(lent)
        lent.settle()
    else:
        actions.change_plan(lent.tenant_id, "business", "month")
    use(lent, 10_502)
    actions.report_usage(lent.tenant_id)
    to_the_end(lent)
    # At the price of before three are paid for already; at another all six are owed.
    assert counted_at_stripe(lent) == (6 if portal else 3 + 6)
    assert for_usage(lent) == [6 * 600 if portal else 6 * 400]


def test_what_is_used_in_the_minute_in_which_it_was_agreed_to_is_billed(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    use(small, 202)
    actions.report_usage(small.tenant_id)
    to_the_end(small)
    assert newest(small) == (4_900 + 2 * 600, "paid")


def test_a_booked_change_bills_what_was_used_once(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    actions.set_overage(alice.tenant_id, True, 60)
    alice.pass_days(1)
    actions.change_plan(alice.tenant_id, "pro", "month")
    use(alice, 10_302)
    actions.report_usage(alice.tenant_id)
    to_the_end(alice)
    assert alice.in_force == ("pro", "active")
    assert (newest(alice), for_usage(alice)) == (
        (4_900 + 4 * 400, "paid"),
        [4 * 400],
    )
    to_the_end(alice)
    assert newest(alice) == (4_900, "paid")


def test_what_is_opened_while_a_change_is_under_way_is_owed_at_the_new_price(small: Buyer) -> None:
    """The change's invoice is drawn by then. A price that stays, as the portal leaves it, has it in the next minute."""
    from billing import actions, rounds

    actions.set_overage(small.tenant_id, True, 60)
    small.pass_days(1)
    to_business_in_the_portal(small)
    are_open(small, 202)
    small.settle()
    assert counted_at_stripe(small) == 0
    use(small, 202)
    assert rounds.report_all() == 0
    to_the_end(small)
    assert for_usage(small) == [1_200]


def test_usage_of_a_customer_who_is_gone_holds_up_nothing_that_comes_after(small: Buyer) -> None:
    from billing import actions, rounds

    actions.set_overage(small.tenant_id, True, 60)
    use(small, 202)
    small.api.customers.delete(small.customer)
    small.settle()
    small.buy("pro")  # a customer of whom no test clock knows
    actions.set_overage(small.tenant_id, True, 60)
    use(small, 302)
    assert rounds.report_all() == 0
    assert counted_at_stripe(small) == 3
    assert actions.cancel(small.tenant_id) is not None
