"""Whoever bought a plan keeps it as they bought it, until they are moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from tenants.plans import EARLIER, PLANS, Plan, plan_of
from tests.billing.buyer import Buyer

HOUR = 1 / 24


@pytest.fixture
def dearer() -> Iterator[Plan]:
    """A second version of Pro is on sale: dearer, and with fewer words."""
    first = PLANS["pro"]
    limits = msgspec.structs.replace(first.limits, max_message_length=1_500)
    second = replace(first, version=2, price_usd=59, yearly_usd=590, limits=limits)
    EARLIER[("pro", 1)], PLANS["pro"] = first, second
    yield second
    PLANS["pro"] = first
    del EARLIER[("pro", 1)]


def sync() -> list[str]:
    from billing.gateway import catalogue

    return list(catalogue.sync("http://localhost:1/billing/stripe/webhook/"))


def length(buyer: Buyer) -> int:
    return int(buyer.workspace.tenant.limits.max_message_length)


def test_a_customer_keeps_the_version_that_they_bought(
    alice: Buyer, mallory: Buyer, request: pytest.FixtureRequest
) -> None:
    from billing import actions

    alice.buy("pro")
    request.getfixturevalue("dearer")
    sync()
    mallory.buy("pro")
    assert (length(alice), length(mallory)) == (2_000, 1_500)
    for buyer in (alice, mallory):
        buyer.pass_days(14 + 2 * HOUR)
    assert actions.invoices(alice.tenant_id)[0].cents == 4_900
    assert actions.invoices(mallory.tenant_id)[0].cents == 5_900
    assert alice.workspace.tenant.plan_version == 1

    # Moved, by asking for the plan as it is sold now.
    assert actions.preview_change(alice.tenant_id, "pro", "month").kind == "upgrade"
    actions.change_plan(alice.tenant_id, "pro", "month")
    assert (length(alice), alice.workspace.tenant.plan_version) == (1_500, 2)


def test_a_version_that_never_was_is_the_plan_as_it_is_sold() -> None:
    assert plan_of("pro", 99) is plan_of("pro") is PLANS["pro"]
    assert plan_of("prp") is PLANS["free"]


def test_a_year_is_ten_months() -> None:
    assert all(plan.yearly_usd == 10 * plan.price_usd for plan in PLANS.values())


def test_blocks_that_are_begun_count() -> None:
    pro = PLANS["pro"]
    assert [pro.blocks(n) for n in (0, 1_000, 1_001, 1_100, 1_101)] == [0, 0, 1, 1, 2]
