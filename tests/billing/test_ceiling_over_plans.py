"""The ceiling is a month's, whatever plans and subscriptions the month has had."""

from __future__ import annotations

from tests.billing.buyer import Buyer
from tests.billing.metering import a_month_ago, extra, for_usage, newest, use
from tests.billing.test_change import to_the_end
from tests.console.staff import sign_in
from tests.portal.visitor import text_of


def test_what_a_month_costs_stays_below_the_ceiling_through_a_change_of_plan(small: Buyer) -> None:
    """All of it went at Pro's price. Business' is lower, and still nothing is left to pay for more."""
    from billing import actions

    actions.set_overage(small.tenant_id, True, 12)
    small.pass_days(1)
    use(small, 195)
    actions.change_plan(small.tenant_id, "business", "month")
    assert (for_usage(small), extra(small)) == ([1_200], 0)
    use(small, 302)
    actions.report_usage(small.tenant_id)
    to_the_end(small)
    assert newest(small) == (29_900, "paid")

    a_month_ago(small)
    actions.refresh(small.tenant_id)
    assert extra(small) == 300


def test_what_is_left_of_the_ceiling_is_lent_at_the_new_price(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 15)
    small.pass_days(1)
    use(small, 102)
    actions.change_plan(small.tenant_id, "business", "month")
    assert extra(small) == 200  # 6 of 15 are spent, which leaves two at 4
    use(small, 302)
    assert actions.report_usage(small.tenant_id) == 2
    assert extra(small) == 200
    to_the_end(small)
    assert newest(small) == (29_900 + 2 * 400, "paid")


def test_the_page_says_what_was_paid_at_the_price_that_it_was_used_at(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 15)
    small.pass_days(1)
    use(small, 195)
    actions.change_plan(small.tenant_id, "business", "month")
    with sign_in(small.workspace) as owner:
        assert "200 connections more, for $12" in text_of(owner.get("/console/billing/"))


def test_a_month_under_two_subscriptions_costs_no_more_than_the_ceiling(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    use(small, 402)
    actions.cancel(small.tenant_id)
    to_the_end(small)
    assert for_usage(small) == [2_400]
    small.buy("pro")
    actions.set_overage(small.tenant_id, True, 36)
    assert extra(small) == 200  # 24 of 36 are spent
