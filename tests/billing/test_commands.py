"""`manage.py sync_stripe` and `manage.py reconcile_billing`."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ops.local import Stack
from tests.billing.buyer import Buyer


def say(name: str, *words: str) -> str:
    said = StringIO()
    call_command(name, *words, stdout=said)
    return said.getvalue().strip()


def test_a_second_sync_has_nothing_to_do(alice: Buyer) -> None:
    say("sync_stripe")  # another test may have had another plan on sale
    assert say("sync_stripe") == "Stripe is in line with the plan table."
    prices = alice.api.prices.list(params={"limit": 100, "active": True}).data
    keys = {price.lookup_key: price.unit_amount for price in prices}
    assert keys["snug_pro_monthly_v1"] == 4_900
    assert keys["snug_business_yearly_v1"] == 299_000
    assert keys["snug_pro_connections_v1"] == 600


def test_an_amount_that_differs_is_another_price_under_the_same_key(alice: Buyer) -> None:
    wrong = alice.api.prices.create(
        params={
            "currency": "usd",
            "unit_amount": 1,
            "product": "snug_pro",
            "recurring": {"interval": "year"},
            "lookup_key": "snug_pro_yearly_v1",
            "transfer_lookup_key": True,
        }
    )
    assert "price snug_pro_yearly_v1: 490.00 USD" in say("sync_stripe")
    assert not alice.api.prices.retrieve(wrong.id).active
    (now,) = alice.api.prices.list(params={"lookup_keys": ["snug_pro_yearly_v1"], "active": True}).data
    assert now.unit_amount == 49_000
    assert say("sync_stripe") == "Stripe is in line with the plan table."


def test_reconcile_repairs_what_missed_events_left_wrong(alice: Buyer, mallory: Buyer) -> None:
    """One workspace when it is named, and every one when none is."""
    for buyer in (alice, mallory):
        buyer.spoil_deliveries("lost")
        buyer.pay(buyer.checkout("pro"))
        buyer.control("POST", "settle")
        assert buyer.in_force == ("free", "active")
    assert say("reconcile_billing", alice.workspace.slug) == f"{alice.workspace.slug} is as Stripe says."
    assert alice.in_force == ("pro", "active")
    assert mallory.in_force == ("free", "active")
    assert say("reconcile_billing") == "Every workspace is as Stripe says."
    assert mallory.in_force == ("pro", "active")


def test_reconcile_knows_no_workspace_that_is_none(alice: Buyer) -> None:
    with pytest.raises(CommandError, match="no workspace 'nobody'"):
        say("reconcile_billing", "nobody")


@pytest.mark.parametrize("name", ["sync_stripe", "reconcile_billing"])
def test_without_a_key_a_command_says_so_in_a_line(stack: Stack, name: str) -> None:
    from django.test import override_settings

    from billing.gateway import connection

    connection._client.cache_clear()
    with override_settings(STRIPE_SECRET_KEY=None), pytest.raises(CommandError) as told:
        say(name)
    connection._client.cache_clear()
    assert "\n" not in str(told.value)


def test_while_stripe_is_away_a_command_fails_in_a_line(alice: Buyer) -> None:
    alice.control("POST", "faults", status=503, times=1_000)
    with pytest.raises(CommandError, match="could not be settled"):
        say("reconcile_billing")
    with pytest.raises(CommandError, match="does not answer"):
        say("sync_stripe")
    alice.control("DELETE", "faults")


def test_a_round_gives_up_when_stripe_answers_nobody(
    new_buyer: Callable[..., Buyer], caplog: pytest.LogCaptureFixture
) -> None:
    """Each would wait for it; who has a fault of their own holds up nobody."""
    from billing import rounds
    from billing.models import Subscription

    buyers = [new_buyer().live_by_a_clock() for _ in range(4)]
    buyers[0].control("POST", "faults", status=503, times=1_000)
    assert rounds.refresh_all() == Subscription.objects.filter(customer_id__isnull=False).count()
    assert sum("waits:" in line for line in caplog.messages) == rounds.IN_VAIN
    assert any("wait for the next round" in line for line in caplog.messages)
    buyers[0].control("DELETE", "faults")
    assert rounds.refresh_all() == 0
