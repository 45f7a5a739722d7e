"""Buying through Checkout."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from billing.errors import BillingRefused, BillingUnavailable
from tests.billing.buyer import EMPTY_CARD, Buyer
from tests.personas import Workspace


def test_what_is_bought_in_checkout_is_in_force(alice: Buyer) -> None:
    assert alice.in_force == ("free", "active")
    alice.buy("pro")
    assert alice.in_force == ("pro", "active")
    assert (alice.bought.status, alice.bought.standing) == ("trialing", "good")
    assert (alice.bought.trial_end - alice.now).days in (13, 14)


def test_a_customer_is_made_once_and_bears_the_workspaces_name(new_buyer: Callable[..., Buyer]) -> None:
    alice = new_buyer(locale="de")
    alice.checkout("pro")
    first = alice.customer
    alice.checkout("business", "year")
    assert alice.customer == first
    known = alice.api.customers.retrieve(first).to_dict()
    assert (known["email"], known["name"]) == (
        alice.workspace.owner_email,
        f"Workspace {alice.workspace.slug}",
    )
    assert known["metadata"] == {"snug_tenant": str(alice.tenant_id), "snug_slug": alice.workspace.slug}
    assert known["preferred_locales"] == ["de"]


def test_a_customer_that_was_made_and_not_noted_down_is_found_again(new_buyer: Callable[..., Buyer]) -> None:
    """We die between Stripe's answer and our commit: the next try is given the same customer."""
    from billing.models import Subscription

    alice = new_buyer()
    alice.checkout()
    made = alice.customer
    Subscription.objects.filter(tenant_id=alice.tenant_id).update(customer_id=None)
    alice.checkout()
    assert alice.customer == made
    known = alice.api.customers.list(params={"email": alice.workspace.owner_email}).data
    assert [one.id for one in known] == [made]


def test_whoever_turns_round_in_checkout_has_lost_nothing(alice: Buyer) -> None:
    alice.checkout("pro")
    alice.settle()
    assert alice.in_force == ("free", "active")
    assert alice.bought.standing == "none"


def test_a_second_checkout_closes_the_first(alice: Buyer) -> None:
    """Two open pages would be two subscriptions."""
    first, second = alice.checkout("pro"), alice.checkout("business")
    assert httpx.get(first).status_code == 410
    alice.pay(second)
    alice.settle()
    assert alice.in_force == ("business", "active")


def test_whoever_pays_is_not_sold_a_second_plan(alice: Buyer) -> None:
    alice.buy("pro")
    with pytest.raises(BillingRefused, match="Change it"):
        alice.checkout("business")


def test_a_trial_is_had_once(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    actions.cancel(alice.tenant_id)
    alice.pass_days(15)
    assert alice.in_force == ("free", "active")
    alice.buy("pro")
    assert (alice.bought.status, alice.in_force) == ("active", ("pro", "active"))


def test_a_card_that_is_refused_in_checkout_buys_nothing(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")  # the trial, so that the next one asks for money
    actions.cancel(alice.tenant_id)
    alice.pass_days(15)
    answer = alice.pay(alice.checkout("pro"), EMPTY_CARD)
    assert answer.status_code == 402
    alice.settle()
    assert alice.in_force == ("free", "active")


def test_a_year_is_two_months_cheaper(alice: Buyer) -> None:
    alice.buy("business", "year")
    assert alice.bought.interval == "year"
    alice.pass_days(14 + 1 / 12)
    from billing import actions

    assert actions.invoices(alice.tenant_id)[0].paid_cents == 299_000 == 10 * 29_900


@pytest.mark.parametrize("plan", ["free", "gold", ""])
def test_what_is_not_sold_cannot_be_bought(alice: Buyer, plan: str) -> None:
    with pytest.raises(BillingRefused, match="no such paid plan"):
        alice.checkout(plan)


def test_a_plan_is_right_before_any_event_came(alice: Buyer) -> None:
    """The page that Checkout returns to asks for itself: its reader does not wait for a webhook."""
    from billing import actions

    alice.spoil_deliveries("lost")
    alice.pay(alice.checkout("pro"))
    assert alice.in_force == ("free", "active")
    actions.refresh(alice.tenant_id)
    assert alice.in_force == ("pro", "active")


def test_a_workspace_whose_plan_was_given_keeps_it_in_checkout(new_buyer: Callable[..., Buyer]) -> None:
    """Billing has no say in what it never sold."""
    from billing import actions

    alice = new_buyer(plan="business")
    alice.checkout("pro")
    actions.refresh(alice.tenant_id)
    alice.settle()
    assert alice.in_force == ("business", "active")


def test_while_stripe_is_away_nothing_is_sold_and_nothing_breaks(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    alice.control("POST", "faults", method="*", path="*", status=503, times=1_000)
    for ask in (
        lambda: actions.refresh(alice.tenant_id),
        lambda: actions.cancel(alice.tenant_id),
        lambda: actions.change_plan(alice.tenant_id, "business", "month"),
        lambda: actions.invoices(alice.tenant_id),
    ):
        with pytest.raises(BillingUnavailable, match="try again"):
            ask()
    alice.control("DELETE", "faults")
    assert alice.in_force == ("pro", "active")
    actions.refresh(alice.tenant_id)


def test_without_a_key_paid_plans_cannot_be_bought(workspace: Workspace) -> None:
    from django.test import override_settings

    from billing import actions, reading
    from billing.gateway import connection

    assert reading.can_buy()
    connection._client.cache_clear()
    with override_settings(STRIPE_SECRET_KEY=None):
        assert not reading.can_buy()
        with pytest.raises(BillingUnavailable, match="no payment provider"):
            actions.start_checkout(
                workspace.tenant.id, "pro", "month", email="a@b.example", success_url="x", cancel_url="y"
            )
    connection._client.cache_clear()
