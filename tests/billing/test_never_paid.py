"""A plan whose first payment does not come gives nothing and takes nothing away."""

from __future__ import annotations

from tests.billing.buyer import Buyer
from tests.billing.test_change import paying, to_the_end


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
