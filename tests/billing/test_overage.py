"""Connections beyond the plan: off until the owner agrees, measured, reported once, never beyond the ceiling."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from billing.errors import BillingRefused
from tests.billing.buyer import Buyer
from tests.billing.visitor import Visitor
from tests.realtime.backstage import rows

HOUR = 1 / 24


@pytest.fixture
def busy(alice: Buyer) -> Buyer:
    """Alice pays for Pro by the month, and her own figure is two connections: a third is beyond the plan."""
    rows(
        alice.workspace,
        "UPDATE public.tenants_tenant SET own_limits = "
        '\'{"max_connections": 2, "connections_per_user": 50}\' WHERE id = %s',
        alice.tenant_id,
    )
    alice.buy("pro")
    alice.pass_days(14 + 2 * HOUR)
    return alice


def extra(buyer: Buyer) -> int:
    ((count,),) = rows(
        buyer.workspace, "SELECT extra_connections FROM public.tenants_tenant WHERE id = %s", buyer.tenant_id
    )
    return int(count)


def use(buyer: Buyer, connections: int, day: date | None = None) -> None:
    """As if so many connections had been open at once when they were counted."""
    from billing.actions.counting import remember
    from tenants.models import Tenant

    tenant = Tenant.objects.get(pk=buyer.tenant_id)
    remember(tenant, day or timezone.now().date(), connections)


def counted_at_stripe(buyer: Buyer) -> int:
    """How many blocks Stripe's meter has of this customer."""
    meter = buyer.api.billing.meters.list().data[0].id
    window: dict[str, Any] = {
        "customer": buyer.customer,
        "start_time": 1_600_000_020,
        "end_time": 2_200_000_020,
    }
    summaries: Any = buyer.api.billing.meters.event_summaries
    found = summaries.list(meter, params=window).data
    return int(sum(one.aggregated_value for one in found))


def knocks(buyer: Buyer, open_sockets: ExitStack) -> bool:
    try:
        visitor = open_sockets.enter_context(Visitor(buyer.workspace))
    except InvalidStatus:
        return False
    return visitor.closed_with(within=0.5) is None


def test_the_plans_limit_is_the_end_until_the_owner_says_otherwise(busy: Buyer) -> None:
    from billing import actions, tasks

    with ExitStack() as open_sockets:
        assert [knocks(busy, open_sockets) for _ in range(3)] == [True, True, False]
        actions.set_overage(busy.tenant_id, True, 6)
        assert extra(busy) == 100
        assert knocks(busy, open_sockets)
        tasks.measure_connections(timestamp=0)
        tasks.report_usage(timestamp=0)
    assert counted_at_stripe(busy) == 1


def test_what_is_used_is_charged_with_the_next_invoice_once(busy: Buyer) -> None:
    from billing import actions, rounds

    actions.set_overage(busy.tenant_id, True, 30)
    use(busy, 202)  # two blocks beyond the two that are hers
    for _ in range(3):
        actions.report_usage(busy.tenant_id)
    assert counted_at_stripe(busy) == 2
    use(busy, 150)  # less than the month's most adds nothing
    assert actions.report_usage(busy.tenant_id) == 0
    use(busy, 203)
    assert rounds.report_all() == 0
    assert counted_at_stripe(busy) == 3
    busy.pass_days(32)
    assert actions.invoices(busy.tenant_id)[0].cents == 4_900 + 3 * 600


def test_a_report_whose_answer_is_lost_is_counted_once(busy: Buyer) -> None:
    from billing import actions
    from billing.errors import BillingUnavailable
    from billing.models import UsageReport

    actions.set_overage(busy.tenant_id, True, 30)
    use(busy, 102)
    busy.control("POST", "faults", method="POST", path="/v1/billing/meter_events", status=500, times=9)
    with pytest.raises(BillingUnavailable):
        actions.report_usage(busy.tenant_id)
    busy.control("DELETE", "faults")
    use(busy, 301)  # meanwhile there is more
    assert actions.report_usage(busy.tenant_id) == 3
    assert counted_at_stripe(busy) == 3
    # And one that Stripe has, although we never heard so.
    UsageReport.objects.filter(tenant_id=busy.tenant_id).update(sent_at=None)
    actions.report_usage(busy.tenant_id)
    assert counted_at_stripe(busy) == 3


def test_the_ceiling_is_never_passed(busy: Buyer) -> None:
    from billing import actions

    actions.set_overage(busy.tenant_id, True, 17)  # two blocks of 6, and some change
    assert extra(busy) == 200
    use(busy, 5_000)  # more than the limit lets in; however it came about
    actions.report_usage(busy.tenant_id)
    assert counted_at_stripe(busy) == 2
    busy.pass_days(32)
    assert actions.invoices(busy.tenant_id)[0].cents == 4_900 + 2 * 600 <= 4_900 + 1_700


def test_switched_off_it_is_a_hard_limit_again_and_what_was_used_is_charged(busy: Buyer) -> None:
    from billing import actions

    actions.set_overage(busy.tenant_id, True, 30)
    use(busy, 102)
    actions.set_overage(busy.tenant_id, False)
    assert (extra(busy), busy.bought.overage_on) == (0, False)
    use(busy, 502)
    actions.report_usage(busy.tenant_id)
    assert counted_at_stripe(busy) == 1


def test_what_was_open_before_it_was_agreed_to_is_not_charged(busy: Buyer) -> None:
    from billing import actions

    use(busy, 900)
    actions.set_overage(busy.tenant_id, True, 60)
    assert actions.report_usage(busy.tenant_id) == 0
    assert counted_at_stripe(busy) == 0


def test_it_ends_with_the_plan(busy: Buyer) -> None:
    from billing import actions

    actions.set_overage(busy.tenant_id, True, 30)
    assert extra(busy) == 500
    actions.cancel(busy.tenant_id)
    busy.pass_days(32)
    assert (busy.in_force, extra(busy)) == (("free", "active"), 0)
    busy.buy("pro")
    assert (busy.in_force, extra(busy)) == (("pro", "active"), 0)
    assert not busy.bought.overage_on


def test_it_follows_an_upgrade_with_its_own_price(busy: Buyer) -> None:
    from billing import actions

    actions.set_overage(busy.tenant_id, True, 30)
    actions.change_plan(busy.tenant_id, "business", "month")
    assert extra(busy) == 700  # 30 USD at 4 a block
    use(busy, 102)
    actions.report_usage(busy.tenant_id)
    busy.pass_days(32)
    assert actions.invoices(busy.tenant_id)[0].cents == 29_900 + 400


@pytest.mark.parametrize("ceiling", [0, 5, 491, 100_000, -6])
def test_a_ceiling_pays_for_a_block_at_least(busy: Buyer, ceiling: int) -> None:
    from billing import actions

    with pytest.raises(BillingRefused, match="ceiling is 6 to 490 "):
        actions.set_overage(busy.tenant_id, True, ceiling)
    assert (extra(busy), busy.bought.overage_on) == (0, False)


def test_on_trial_there_is_none(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    with pytest.raises(BillingRefused, match="first paid period"):
        actions.set_overage(alice.tenant_id, True, 30)


def test_the_ceiling_may_be_higher_once_three_months_are_paid(busy: Buyer) -> None:
    from billing import actions

    busy.pass_days(32)
    with pytest.raises(BillingRefused, match="ceiling is 6 to 490 "):
        actions.set_overage(busy.tenant_id, True, 491)
    busy.pass_days(31)
    actions.set_overage(busy.tenant_id, True, 4_900)
    with pytest.raises(BillingRefused, match="ceiling is 6 to 4,900 "):
        actions.set_overage(busy.tenant_id, True, 4_901)


def test_one_workspaces_connections_are_not_counted_for_another(busy: Buyer, mallory: Buyer) -> None:
    from billing import tasks
    from billing.models import ConnectionPeak

    with Visitor(busy.workspace), Visitor(busy.workspace, process=0):
        tasks.measure_connections(timestamp=0)
    assert ConnectionPeak.objects.get(tenant_id=busy.tenant_id).peak == 2
    assert not ConnectionPeak.objects.filter(tenant_id=mallory.tenant_id).exists()


def test_last_month_under_each_plan_to_the_cent(busy: Buyer) -> None:
    from billing import reading
    from billing.usage import month_before

    year, month = month_before(timezone.now())
    use(busy, 1_250, date(year, month, 1))
    use(busy, 1_201, date(year, month, 28))
    use(busy, 9_999)  # this month's
    found = {cost.plan.key: cost for cost in reading.what_it_would_cost(busy.workspace.tenant)}
    assert {key: (cost.cents, cost.blocks, cost.fits) for key, cost in found.items()} == {
        "free": (0, 12, False),
        "pro": (4_900 + 3 * 600, 3, True),
        "business": (29_900, 0, True),
    }
    assert "1,250 connections" in found["free"].reason
    by_the_year = {c.plan.key: c.cents for c in reading.what_it_would_cost(busy.workspace.tenant, "year")}
    assert by_the_year == {"free": 0, "pro": 4_083 + 1_800, "business": 24_917}


def test_the_month_before_january_is_december() -> None:
    from billing.usage import month_before

    assert month_before(datetime(2027, 1, 31, tzinfo=UTC)) == (2026, 12)
    assert month_before(datetime(2026, 12, 1, tzinfo=UTC)) == (2026, 11)
