"""Buying through Checkout."""

from __future__ import annotations

from tests.billing.buyer import Buyer


def test_what_is_bought_in_checkout_is_in_force(alice: Buyer) -> None:
    assert alice.in_force == ("free", "active")
    alice.buy("pro")
    assert alice.in_force == ("pro", "active")
    assert (alice.bought.status, alice.bought.standing) == ("trialing", "good")
