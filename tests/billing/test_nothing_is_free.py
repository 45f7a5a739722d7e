"""No connection beyond the plan is had for nothing: what is used is counted before it may no longer be, billed at the
price that it was used at, and closed where nothing pays for it any more."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import pytest

from realtime import groups
from tests.billing.buyer import DAY, Buyer
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import paying, to_the_end
from tests.billing.test_dunning import pay_what_is_owed
from tests.billing.test_overage import counted_at_stripe, extra, use
from tests.billing.visitor import Visitor
from tests.console.staff import sign_in
from tests.portal.visitor import text_of
from tests.realtime.backstage import rows, shared

MINUTE = 1 / 24 / 60


@pytest.fixture
def small(alice: Buyer) -> Buyer:
    """Alice pays for Pro, and her own figure is two connections: a third is beyond the plan."""
    own = '{"max_connections": 2, "connections_per_user": 50}'
    rows(
        alice.workspace,
        "UPDATE public.tenants_tenant SET own_limits = %s WHERE id = %s",
        own,
        alice.tenant_id,
    )
    return paying(alice)


@pytest.fixture
def lent(alice: Buyer) -> Buyer:
    """She pays for Pro, and for ten blocks beyond it at most; a day has gone by since."""
    from billing import actions

    paying(alice)
    actions.set_overage(alice.tenant_id, True, 60)
    alice.pass_days(1)
    return alice


def are_open(buyer: Buyer, count: int) -> None:
    """As if so many connections were open, for the next minutes."""
    key = groups.leases(buyer.tenant_id)
    shared().delete(key)
    shared().zadd(key, {f"open-{n}": time.time() * 1000 + 300_000 for n in range(count)})


def newest(buyer: Buyer) -> tuple[int, str]:
    from billing import actions

    invoice = actions.invoices(buyer.tenant_id)[0]
    return invoice.cents, invoice.status


def to_business_in_the_portal(buyer: Buyer) -> None:
    subscription = buyer.api.subscriptions.retrieve(buyer.bought.subscription_id).to_dict()
    item = subscription["items"]["data"][0]["id"]
    price = buyer.api.prices.list(params={"lookup_keys": ["snug_business_monthly_v1"]}).data[0].id
    buyer.api.subscriptions.update(subscription["id"], params={"items": [{"id": item, "price": price}]})


def a_month_ago(buyer: Buyer) -> None:
    """What was used this month was used in the one before."""
    last = "(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 day')"
    for change in (
        f"billing_usagereport SET month = to_char({last}, 'YYYY-MM')",
        f"billing_connectionpeak SET day = {last}::date",
    ):
        rows(buyer.workspace, f"UPDATE public.{change} WHERE tenant_id = %s", buyer.tenant_id)


def for_usage(buyer: Buyer) -> list[int]:
    """What is on the newest invoice for connections beyond the plan, in US cents a line."""
    drawn = buyer.api.invoices.list(params={"customer": buyer.customer}).data[0].to_dict()
    prices: dict[str, Any] = {price.id: price for price in buyer.api.prices.list(params={"limit": 100}).data}
    named = [(line["amount"], line["pricing"]["price_details"]["price"]) for line in drawn["lines"]["data"]]
    return [cents for cents, price in named if prices[price].recurring.usage_type == "metered" and cents]


def test_switched_off_within_a_minute_it_is_charged_and_what_is_beyond_the_plan_is_closed(
    small: Buyer,
) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    with ExitStack() as opened:
        visitors = [opened.enter_context(Visitor(small.workspace, process=n % 2)) for n in range(5)]
        actions.set_overage(small.tenant_id, False)
        closed = [visitor.closed_with(within=3) for visitor in visitors]
        assert sorted(closed, key=str) == [4002, 4002, 4002, None, None]
        assert all(visitor.may_say(5) for visitor, code in zip(visitors, closed, strict=True) if code is None)
        actions.report_usage(small.tenant_id)
        assert counted_at_stripe(small) == 1
        late = opened.enter_context(Visitor(small.workspace))
        assert late.closed_with() == 4002


def test_a_lowered_ceiling_charges_what_was_open_above_it(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    are_open(small, 702)
    actions.set_overage(small.tenant_id, True, 12)
    assert extra(small) == 200
    actions.report_usage(small.tenant_id)
    assert counted_at_stripe(small) == 7


def test_where_the_meter_goes_what_is_beyond_the_plan_is_closed(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    with ExitStack() as opened:
        visitors = [opened.enter_context(Visitor(small.workspace, process=n % 2)) for n in range(3)]
        items = small.api.subscriptions.retrieve(small.bought.subscription_id).to_dict()["items"]["data"]
        small.api.subscription_items.delete(items[1]["id"])
        small.settle()
        assert sorted((one.closed_with(within=3) for one in visitors), key=str) == [4002, None, None]


def test_one_workspaces_surplus_closes_nobody_elses(small: Buyer, mallory: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 60)
    with ExitStack() as opened:
        theirs = [opened.enter_context(Visitor(mallory.workspace, process=n % 2)) for n in range(3)]
        mine = [opened.enter_context(Visitor(small.workspace, process=n % 2)) for n in range(3)]
        actions.set_overage(small.tenant_id, False)
        assert sorted((one.closed_with(within=3) for one in mine), key=str) == [4002, None, None]
        assert all(one.may_say(5) for one in theirs)


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


def test_what_was_used_before_a_dearer_price_came_is_not_billed_at_it(alice: Buyer) -> None:
    """Stripe makes a booked change by itself. What was counted or open by then has the price of then."""
    from billing import actions, rounds

    own = '{"max_connections": 2, "connections_per_user": 50}'
    rows(
        alice.workspace,
        "UPDATE public.tenants_tenant SET own_limits = %s WHERE id = %s",
        own,
        alice.tenant_id,
    )
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


def begin_without_paying(buyer: Buyer, plan: str) -> None:
    """A subscription whose first payment does not go through."""
    price = buyer.api.prices.list(params={"lookup_keys": [f"snug_{plan}_monthly_v1"]}).data[0].id
    made = buyer.api.subscriptions.create(
        params={
            "customer": buyer.customer,
            "items": [{"price": price}],
            "payment_behavior": "default_incomplete",
        }
    )
    assert made.status == "incomplete"


def test_a_plan_that_was_not_paid_for_is_never_in_force(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    alice.spoil_deliveries("lost")  # we do not hear that the plan has ended
    alice.api.subscriptions.cancel(alice.bought.subscription_id)
    begin_without_paying(alice, "business")
    assert alice.in_force == ("pro", "active")
    actions.refresh(alice.tenant_id)
    assert (alice.in_force, alice.bought.status) == (("free", "active"), "incomplete")
    alice.pass_days(1.1)
    assert (alice.in_force, alice.bought.status) == (("free", "active"), "incomplete_expired")


def test_nor_while_the_one_before_is_owed_for(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    alice.let_the_card_fail()
    to_the_end(alice)
    assert alice.in_force == ("pro", "past_due")
    begin_without_paying(alice, "business")
    actions.cancel(alice.tenant_id)
    alice.settle()
    assert (alice.in_force, alice.bought.status) == (("free", "past_due"), "incomplete")


def test_a_first_payment_that_is_not_through_takes_nothing_away(alice: Buyer) -> None:
    from billing import actions
    from tenants import actions as tenants

    tenants.set_plan(alice.tenant_id, "business")  # by whoever runs the installation
    begin_without_paying(alice, "pro")
    actions.refresh(alice.tenant_id)
    assert alice.in_force == ("business", "active")


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
