"""Connections beyond the plan when it changes under them: none is open that nobody bills, or beyond the ceiling."""

from __future__ import annotations

import pytest

from billing.errors import BillingRefused
from tests.billing.buyer import Buyer
from tests.billing.metering import extra
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import paying, to_the_end


@pytest.fixture
def neighbour(mallory: Buyer) -> Buyer:
    """She has 500 connections beyond Pro, whatever others do."""
    from billing import actions

    paying(mallory)
    actions.set_overage(mallory.tenant_id, True, 30)
    return mallory


def left_alone(neighbour: Buyer) -> bool:
    from billing import actions

    actions.refresh(neighbour.tenant_id)
    found = (extra(neighbour), neighbour.bought.overage_on, billed_by(neighbour))
    return found == (500, True, ["snug_pro_monthly_v1", "snug_pro_connections_v1"])


def items(buyer: Buyer) -> list[dict[str, str]]:
    found = buyer.api.subscriptions.retrieve(buyer.bought.subscription_id).to_dict()
    return [{"id": one["id"], "key": one["price"]["lookup_key"]} for one in found["items"]["data"]]


def billed_by(buyer: Buyer) -> list[str]:
    return [one["key"] for one in items(buyer)]


def test_it_cannot_be_turned_on_where_the_booked_plan_would_not_bill_it(
    alice: Buyer, neighbour: Buyer
) -> None:
    from billing import actions

    paying(alice, "business")
    actions.change_plan(alice.tenant_id, "pro", "month")
    with pytest.raises(BillingRefused, match="Keep your plan, or wait until the change has happened"):
        actions.set_overage(alice.tenant_id, True, 2_990)
    assert (extra(alice), alice.bought.overage_on, alice.bought.next_plan) == (0, False, "pro")
    assert billed_by(alice) == ["snug_business_monthly_v1"]
    to_the_end(alice)
    assert (alice.in_force, extra(alice)) == (("pro", "active"), 0)
    actions.set_overage(alice.tenant_id, True, 490)
    assert (extra(alice), billed_by(alice)) == (8_100, ["snug_pro_monthly_v1", "snug_pro_connections_v1"])
    assert left_alone(neighbour)


def test_turned_on_before_it_goes_over_into_the_booked_plan(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    actions.set_overage(alice.tenant_id, True, 2_990)
    actions.change_plan(alice.tenant_id, "pro", "month")
    actions.set_overage(alice.tenant_id, True, 2_000)  # another ceiling needs no other meter
    assert (extra(alice), alice.bought.next_plan) == (50_000, "pro")
    to_the_end(alice)
    assert (alice.in_force, alice.bought.overage_on) == (("pro", "active"), True)
    assert billed_by(alice) == ["snug_pro_monthly_v1", "snug_pro_connections_v1"]
    assert extra(alice) == 2_000 // 6 * 100  # what she paid for Business counts


def test_it_ends_with_the_item_that_bills_it(alice: Buyer, neighbour: Buyer) -> None:
    from billing import actions

    paying(alice)
    actions.set_overage(alice.tenant_id, True, 30)
    assert extra(alice) == 500
    plan, metered = items(alice)
    assert metered["key"] == "snug_pro_connections_v1"
    alice.api.subscription_items.delete(metered["id"])
    alice.settle()
    assert (extra(alice), alice.bought.overage_on, items(alice)) == (0, False, [plan])
    actions.set_overage(alice.tenant_id, True, 30)
    assert (extra(alice), billed_by(alice)[1]) == (500, "snug_pro_connections_v1")
    assert left_alone(neighbour)


def test_the_ceiling_counts_blocks_at_the_price_of_the_meter(alice: Buyer, neighbour: Buyer) -> None:
    """The portal exchanges the plan alone: Business is billed by Pro's meter, 6 USD a block and not 4."""
    from billing import actions, reading

    paying(alice)
    actions.set_overage(alice.tenant_id, True, 490)
    plan = items(alice)[0]
    price = alice.api.prices.list(params={"lookup_keys": ["snug_business_yearly_v1"]}).data[0].id
    alice.api.subscriptions.update(
        alice.bought.subscription_id, params={"items": [{"id": plan["id"], "price": price}]}
    )
    alice.settle()
    assert billed_by(alice) == ["snug_business_yearly_v1", "snug_pro_connections_v1"]
    assert (alice.in_force, extra(alice)) == (("business", "active"), 490 // 6 * 100)
    assert reading.billing_of(alice.workspace.tenant).block_cents == 600
    with pytest.raises(BillingRefused, match="6 pay for 100 connections"):
        actions.set_overage(alice.tenant_id, True, 5)
    assert left_alone(neighbour)


def test_a_ceiling_is_no_higher_after_an_upgrade_than_could_be_asked_for(
    alice: Buyer, neighbour: Buyer
) -> None:
    from billing import actions

    paying(alice)
    alice.pass_days(63)
    actions.set_overage(alice.tenant_id, True, 4_900)
    assert extra(alice) == 4_900 // 6 * 100
    actions.change_plan(alice.tenant_id, "business", "month")
    with pytest.raises(BillingRefused, match="ceiling is 4 to 2,990 "):
        actions.set_overage(alice.tenant_id, True, 2_991)
    assert extra(alice) == 2_990 // 4 * 100
    assert left_alone(neighbour)


def test_nothing_more_is_lent_while_an_invoice_is_open(alice: Buyer, neighbour: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    by_invoice(alice)
    to_the_end(alice)
    assert (alice.bought.status, alice.bought.open_count) == ("active", 1)
    with pytest.raises(BillingRefused, match="Pay it first"):
        actions.set_overage(alice.tenant_id, True, 40)
    assert (extra(alice), billed_by(alice)) == (0, ["snug_business_monthly_v1"])
    page = actions.pay_url(alice.tenant_id)
    assert page is not None
    alice.pay(page)
    alice.settle()
    actions.set_overage(alice.tenant_id, True, 40)
    assert extra(alice) == 1_000
    assert left_alone(neighbour)
