"""Buyers, at a stand-in that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ops.local.stripe import StripeStandIn
from tests.billing.buyer import Buyer
from tests.billing.metering import two_connections
from tests.billing.test_change import paying
from tests.personas import Workspace


@pytest.fixture
def new_buyer(
    new_workspace: Callable[..., Workspace], stripe: StripeStandIn
) -> Iterator[Callable[..., Buyer]]:
    """Opens workspaces whose owners pay. What a test does to the stand-in's deliveries and answers ends with it."""
    made: list[Buyer] = []

    def one(**options: object) -> Buyer:
        made.append(Buyer(new_workspace(**options), stripe))
        return made[-1]

    yield one
    for buyer in made[:1]:
        buyer.control("DELETE", "rules")
        buyer.control("DELETE", "faults")
        buyer.control("POST", "deliveries/flush")
        buyer.control("DELETE", "events")  # or whoever asks for missed ones is told of everybody's before


@pytest.fixture
def alice(new_buyer: Callable[..., Buyer]) -> Buyer:
    """Alice, who lives by a test clock."""
    return new_buyer().live_by_a_clock()


@pytest.fixture
def mallory(new_buyer: Callable[..., Buyer]) -> Buyer:
    """Mallory, who pays for another workspace."""
    return new_buyer().live_by_a_clock()


@pytest.fixture
def small(alice: Buyer) -> Buyer:
    """Alice pays for Pro by the month, and a third connection is beyond it."""
    two_connections(alice)
    return paying(alice)


@pytest.fixture
def lent(alice: Buyer) -> Buyer:
    """She pays for Pro, and for ten blocks beyond it at most; a day has gone by since."""
    from billing import actions

    paying(alice)
    actions.set_overage(alice.tenant_id, True, 60)
    alice.pass_days(1)
    return alice
