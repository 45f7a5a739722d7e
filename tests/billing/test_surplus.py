"""What is open beyond the plan is charged, and closed where nothing pays for it any more."""

from __future__ import annotations

from contextlib import ExitStack

from tests.billing.buyer import Buyer
from tests.billing.metering import are_open, counted_at_stripe, extra
from tests.billing.visitor import Visitor


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
