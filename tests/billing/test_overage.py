"""Connections beyond the plan: off until the owner agrees, measured, reported once, never beyond the ceiling."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from billing.errors import BillingRefused
from tests.billing.buyer import Buyer
from tests.billing.metering import counted_at_stripe, extra, use
from tests.billing.visitor import Visitor

HOUR = 1 / 24


def knocks(buyer: Buyer, open_sockets: ExitStack) -> bool:
    try:
        visitor = open_sockets.enter_context(Visitor(buyer.workspace))
    except InvalidStatus:
        return False
    return visitor.closed_with(within=0.5) is None


def test_the_plans_limit_is_the_end_until_the_owner_says_otherwise(small: Buyer) -> None:
    from billing import actions, tasks

    with ExitStack() as open_sockets:
        assert [knocks(small, open_sockets) for _ in range(3)] == [True, True, False]
        actions.set_overage(small.tenant_id, True, 6)
        assert extra(small) == 100
        assert knocks(small, open_sockets)
        tasks.measure_connections(timestamp=0)
        tasks.report_usage(timestamp=0)
    assert counted_at_stripe(small) == 1


def test_what_is_used_is_charged_with_the_next_invoice_once(small: Buyer) -> None:
    from billing import actions, rounds

    actions.set_overage(small.tenant_id, True, 30)
    use(small, 202)  # two blocks beyond the two that are hers
    for _ in range(3):
        actions.report_usage(small.tenant_id)
    assert counted_at_stripe(small) == 2
    use(small, 150)  # less than the month's most adds nothing
    assert actions.report_usage(small.tenant_id) == 0
    use(small, 203)
    assert rounds.report_all() == 0
    assert counted_at_stripe(small) == 3
    small.pass_days(32)
    assert actions.invoices(small.tenant_id)[0].cents == 4_900 + 3 * 600


def test_a_report_whose_answer_is_lost_is_counted_once(small: Buyer) -> None:
    from billing import actions
    from billing.errors import BillingUnavailable
    from billing.models import UsageReport

    actions.set_overage(small.tenant_id, True, 30)
    use(small, 102)
    small.control("POST", "faults", method="POST", path="/v1/billing/meter_events", status=500, times=9)
    with pytest.raises(BillingUnavailable):
        actions.report_usage(small.tenant_id)
    small.control("DELETE", "faults")
    use(small, 301)  # meanwhile there is more
    assert actions.report_usage(small.tenant_id) == 3
    assert counted_at_stripe(small) == 3
    # And one that Stripe has, although we never heard so.
    UsageReport.objects.filter(tenant_id=small.tenant_id).update(sent_at=None)
    actions.report_usage(small.tenant_id)
    assert counted_at_stripe(small) == 3


def test_the_ceiling_is_never_passed(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 17)  # two blocks of 6, and some change
    assert extra(small) == 200
    use(small, 5_000)  # more than the limit lets in; however it came about
    actions.report_usage(small.tenant_id)
    assert counted_at_stripe(small) == 2
    small.pass_days(32)
    assert actions.invoices(small.tenant_id)[0].cents == 4_900 + 2 * 600 <= 4_900 + 1_700


def test_switched_off_it_is_a_hard_limit_again_and_what_was_used_is_charged(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 30)
    use(small, 102)
    actions.set_overage(small.tenant_id, False)
    assert (extra(small), small.bought.overage_on) == (0, False)
    use(small, 502)
    actions.report_usage(small.tenant_id)
    assert counted_at_stripe(small) == 1


def test_what_was_open_before_it_was_agreed_to_is_not_charged(small: Buyer) -> None:
    from billing import actions

    use(small, 900)
    actions.set_overage(small.tenant_id, True, 60)
    assert actions.report_usage(small.tenant_id) == 0
    assert counted_at_stripe(small) == 0


def test_it_ends_with_the_plan(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 30)
    assert extra(small) == 500
    actions.cancel(small.tenant_id)
    small.pass_days(32)
    assert (small.in_force, extra(small)) == (("free", "active"), 0)
    small.buy("pro")
    assert (small.in_force, extra(small)) == (("pro", "active"), 0)
    assert not small.bought.overage_on


def test_it_follows_an_upgrade_with_its_own_price(small: Buyer) -> None:
    from billing import actions

    actions.set_overage(small.tenant_id, True, 30)
    actions.change_plan(small.tenant_id, "business", "month")
    assert extra(small) == 700  # 30 USD at 4 a block
    use(small, 102)
    actions.report_usage(small.tenant_id)
    small.pass_days(32)
    assert actions.invoices(small.tenant_id)[0].cents == 29_900 + 400


@pytest.mark.parametrize("ceiling", [0, 5, 491, 100_000, -6])
def test_a_ceiling_pays_for_a_block_at_least(small: Buyer, ceiling: int) -> None:
    from billing import actions

    with pytest.raises(BillingRefused, match="ceiling is 6 to 490 "):
        actions.set_overage(small.tenant_id, True, ceiling)
    assert (extra(small), small.bought.overage_on) == (0, False)


def test_on_trial_there_is_none(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    with pytest.raises(BillingRefused, match="first paid period"):
        actions.set_overage(alice.tenant_id, True, 30)


def test_the_ceiling_may_be_higher_once_three_months_are_paid(small: Buyer) -> None:
    from billing import actions

    small.pass_days(32)
    with pytest.raises(BillingRefused, match="ceiling is 6 to 490 "):
        actions.set_overage(small.tenant_id, True, 491)
    small.pass_days(31)
    actions.set_overage(small.tenant_id, True, 4_900)
    with pytest.raises(BillingRefused, match="ceiling is 6 to 4,900 "):
        actions.set_overage(small.tenant_id, True, 4_901)


def test_one_workspaces_connections_are_not_counted_for_another(small: Buyer, mallory: Buyer) -> None:
    from billing import tasks
    from billing.models import ConnectionPeak

    with Visitor(small.workspace), Visitor(small.workspace, process=0):
        tasks.measure_connections(timestamp=0)
    assert ConnectionPeak.objects.get(tenant_id=small.tenant_id).peak == 2
    assert not ConnectionPeak.objects.filter(tenant_id=mallory.tenant_id).exists()


def test_last_month_under_each_plan_to_the_cent(small: Buyer) -> None:
    from billing import reading
    from billing.usage import month_before

    year, month = month_before(timezone.now())
    use(small, 1_250, date(year, month, 1))
    use(small, 1_201, date(year, month, 28))
    use(small, 9_999)  # this month's
    found = {cost.plan.key: cost for cost in reading.what_it_would_cost(small.workspace.tenant)}
    assert {key: (cost.cents, cost.blocks, cost.fits) for key, cost in found.items()} == {
        "free": (0, 12, False),
        "pro": (4_900 + 3 * 600, 3, True),
        "business": (29_900, 0, True),
    }
    assert "1,250 connections" in found["free"].reason
    by_the_year = {c.plan.key: c.cents for c in reading.what_it_would_cost(small.workspace.tenant, "year")}
    assert by_the_year == {"free": 0, "pro": 4_083 + 1_800, "business": 24_917}


def test_the_month_before_january_is_december() -> None:
    from billing.usage import month_before

    assert month_before(datetime(2027, 1, 31, tzinfo=UTC)) == (2026, 12)
    assert month_before(datetime(2026, 12, 1, tzinfo=UTC)) == (2026, 11)
