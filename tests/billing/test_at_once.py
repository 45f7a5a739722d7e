"""Several at once: two tabs, two workers, a Stripe that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from billing.errors import BillingRefused, BillingUnavailable
from tests.billing.buyer import Buyer

HOUR = 1 / 24


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """What each of so many threads was answered, refusals included."""
    from tenants.context import _in_thread

    def one(_: int) -> object:
        try:
            return _in_thread(work)
        except BillingRefused as refused:
            return refused

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_two_tabs_pay_one_difference(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    alice.pass_days(14 + 2 * HOUR)
    before = len(actions.invoices(alice.tenant_id))
    at_once(4, lambda: actions.change_plan(alice.tenant_id, "business", "month"))
    alice.settle()
    assert len(actions.invoices(alice.tenant_id)) == before + 1
    assert alice.in_force == ("business", "active")


def test_two_tabs_have_one_checkout_open_between_them(alice: Buyer) -> None:
    at_once(4, alice.checkout)
    found = alice.api.checkout.sessions.list(params={"customer": alice.customer, "limit": 100}).data
    assert [one.status for one in found].count("open") == 1


def test_two_first_clicks_make_one_customer(new_buyer: Callable[..., Buyer]) -> None:
    alice = new_buyer()
    at_once(4, alice.checkout)
    known = alice.api.customers.list(params={"email": alice.workspace.owner_email}).data
    assert [one.id for one in known] == [alice.customer]


def test_while_stripe_hangs_half_the_connections_stay_for_everyone_else(
    new_buyer: Callable[..., Buyer],
) -> None:
    from django.conf import settings

    from billing import actions, reading

    buyers = [new_buyer().live_by_a_clock() for _ in range(6)]
    buyers[0].control("POST", "faults", method="GET", path="/v1/subscriptions*", seconds=5, times=6)
    waiting = list(buyers)
    started = time.monotonic()
    answers = at_once(6, lambda: actions.refresh(waiting.pop().tenant_id))
    assert time.monotonic() - started < 15
    turned_away = [one for one in answers if isinstance(one, BillingUnavailable)]
    assert len(turned_away) == 6 - settings.DATABASE_POOL_SIZE // 2
    assert {one.sentence for one in turned_away} == {turned_away[0].sentence}
    assert "slow" in turned_away[0].sentence
    buyers[0].control("DELETE", "faults")
    assert not reading.billing_of(buyers[0].workspace.tenant).subscribed


def test_a_customer_deleted_at_stripe_has_no_paid_plan_and_may_come_back(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    gone = alice.customer
    alice.api.customers.delete(gone)
    alice.settle()
    actions.refresh(alice.tenant_id)
    assert alice.in_force == ("free", "active")
    with pytest.raises(BillingRefused):
        actions.portal_url(alice.tenant_id, return_url="http://x.localhost/")
    alice.checkout("pro")
    assert alice.customer != gone
