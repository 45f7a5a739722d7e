"""What a refused card is told by: the bank's reason where it gave one, and never the same thing twice."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Your card has insufficient funds.", "The card was declined. Your card has insufficient funds."),
        ("Your card was declined.", "The card was declined. The bank gave no reason."),
        ("", "The card was declined. The bank gave no reason."),
    ],
)
def test_a_refusal_says_once_that_it_is_one(said: str, told: str) -> None:
    from billing.gateway.connection import _declined

    assert _declined(said) == told
