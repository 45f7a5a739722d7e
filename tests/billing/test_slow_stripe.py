"""While Stripe hangs, one owner's pages take nothing away from other tenants."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
import pytest

from tenants.context import _in_thread
from tests.billing.buyer import Buyer, wait_until
from tests.console.staff import sign_in
from tests.personas import Workspace
from tests.plain_http import NO_TLS
from tests.portal.visitor import text_of
from tests.realtime.backstage import rows

CROWD = 40
SECONDS = 6
# The pages that wait for Stripe: with the tenant held, and without.
WAITING = ("/console/billing/invoices/", "/console/billing/return/?via=portal")


@contextmanager
def crowd(mallory: Buyer, path: str) -> Iterator[list[Future[httpx.Response]]]:
    """So many requests of one owner for `path`, under way while Stripe hangs; answered when the block has ended."""
    mallory.control("POST", "faults", path="*", seconds=SECONDS, times=4 * CROWD)
    with sign_in(mallory.workspace) as owner, ThreadPoolExecutor(CROWD) as pool:
        cookies = dict(owner.client.cookies)
        sent = [Event() for _ in range(CROWD)]

        def ask(number: int) -> httpx.Response:
            url = f"http://127.0.0.1:{mallory.workspace.ports[0]}{path}"
            sent[number].set()
            return httpx.get(url, headers={"Host": owner.host}, cookies=cookies, timeout=60, verify=NO_TLS)

        asked = [pool.submit(ask, number) for number in range(CROWD)]
        assert all(one.wait(10) for one in sent)
        try:
            yield asked
        finally:
            mallory.control("DELETE", "faults")


def in_time(ask: Callable[[], httpx.Response]) -> int:
    """The status of an answer that came within two seconds."""
    started = time.monotonic()
    status = ask().status_code
    assert time.monotonic() - started < 2
    return status


@pytest.mark.parametrize("path", WAITING, ids=["invoices", "return"])
def test_forty_pages_that_wait_for_stripe_keep_no_other_tenant_waiting(
    mallory: Buyer, elsewhere: Workspace, path: str
) -> None:
    port = elsewhere.ports[0]
    host = {"Host": f"{elsewhere.host}:{port}"}
    base = f"http://127.0.0.1:{port}"
    with sign_in(elsewhere) as jonas, crowd(mallory, path) as asked:
        for _ in range(4):
            name = {"name": secrets.token_hex(4)}
            assert in_time(lambda: jonas.get("/console/")) == 200
            assert in_time(lambda: httpx.get(f"{base}/login/", headers=host)) == 200
            assert in_time(lambda: httpx.get(f"{base}/readyz", headers=host)) == 200
            assert in_time(
                lambda given=name: httpx.post(f"{base}/api/v1/guests", headers=host, json=given)  # type: ignore[misc]
            ) in (200, 201)
        assert not all(one.done() for one in asked), "nobody waited for Stripe while the others were asked"
    answers = [one.result() for one in asked]
    if path == WAITING[0]:
        turned_away = [one for one in answers if one.status_code == 503]
        assert turned_away
        assert "Billing is busy" in text_of(turned_away[0])
    else:
        assert {one.status_code for one in answers} == {302}


def test_two_first_times_at_once_break_no_transaction(new_buyer: Callable[..., Buyer]) -> None:
    from django.db import connection, transaction

    from billing import actions
    from billing.models import Subscription

    alice = new_buyer()
    faults: list[Exception] = []

    def note(execute: Callable[..., object], *given: object) -> object:
        try:
            return execute(*given)
        except Exception as error:
            faults.append(error)
            raise

    def second() -> None:
        with connection.execute_wrapper(note):
            actions.refresh(alice.tenant_id)

    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Subscription.objects.create(tenant_id=alice.tenant_id)
            later = pool.submit(_in_thread, second)
            wait_until(lambda: rows(alice.workspace, blocked, '%INTO "billing_subscription"%') == [(1,)])
        later.result(10)
    assert faults == []
    assert Subscription.objects.filter(tenant_id=alice.tenant_id).count() == 1
