"""The whole life of a subscription, over HTTP, on a clock that is turned; and what everyone notices of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.billing.buyer import DAY, Buyer
from tests.billing.visitor import Visitor
from tests.isolation.pages import browse, contents, session_of
from tests.personas import Workspace

HOUR = 1 / 24


def collect() -> None:
    """The job that reminds and suspends, as the worker runs it every ten minutes."""
    from billing import tasks

    tasks.collect(timestamp=0)


def api_status(workspace: Workspace) -> int:
    with workspace.api() as web:
        return web.get("/api/v1/rooms").status_code


def console_status(buyer: Buyer, session: str) -> int:
    return browse(buyer.workspace, "GET", "/console/", session).status_code


def as_kept(buyer: Buyer) -> tuple[Any, ...]:
    """All that is stored of somebody who is not concerned."""
    from billing.models import Notice, Subscription

    notices = Notice.objects.filter(tenant_id=buyer.tenant_id).count()
    looked = ("refreshed_at", "clock_ahead")  # when Stripe was asked last
    columns = [field.attname for field in Subscription._meta.concrete_fields if field.name not in looked]
    bought = Subscription.objects.filter(tenant_id=buyer.tenant_id).values_list(*columns).get()
    return contents(buyer.workspace), notices, bought, buyer.mails()


@contextmanager
def untouched(mallory: Buyer) -> Iterator[None]:
    """Whatever happens inside, Mallory's workspace is as it was, and its socket never closes."""
    with Visitor(mallory.workspace) as visitor:
        assert visitor.say(2_000) == "chat_message"
        before = as_kept(mallory)
        yield
        assert as_kept(mallory) == before
        assert visitor.say(2_000) == "chat_message"
    assert api_status(mallory.workspace) == 200
    assert mallory.in_force == ("pro", "active")


@pytest.fixture
def bystander(mallory: Buyer) -> Buyer:
    mallory.buy("pro")
    return mallory


@pytest.mark.parametrize("way", ["as they come", "twice", "backwards", "forged", "lost"])
def test_from_trial_to_the_end(alice: Buyer, bystander: Buyer, way: str) -> None:
    """However events are delivered, the same comes of them."""
    from billing import actions

    if way != "as they come":
        alice.spoil_deliveries(way)
    alice.control("POST", "settings", after_retries="past_due")
    session = session_of(alice.workspace)
    with untouched(bystander), Visitor(alice.workspace) as bob:
        # Free, as it was opened.
        assert bob.say(1_001) == "MESSAGE_TOO_LONG"

        # The trial: open sockets follow within two seconds.
        alice.buy("pro")
        assert bob.may_say(2_000)
        assert bob.say(2_001) == "MESSAGE_TOO_LONG"
        assert (alice.bought.status, alice.bought.had_trial) == ("trialing", True)

        # Its last days, and the first payment.
        alice.pass_days(12)
        assert any("trial ends" in subject for subject in alice.mails())
        alice.pass_days(2 + 2 * HOUR)
        assert (alice.bought.status, alice.bought.standing) == ("active", "good")
        assert any("receipt" in subject for subject in alice.mails())

        # Business, at once, and the difference is paid.
        preview = actions.preview_change(alice.tenant_id, "business", "month")
        assert (preview.kind, preview.now) == ("upgrade", True)
        change = actions.change_plan(alice.tenant_id, "business", "month")
        assert change.now
        assert bob.may_say(10_000)
        alice.settle()
        paid = actions.invoices(alice.tenant_id)[0]
        assert (paid.status, paid.paid_cents) == ("paid", preview.due_cents)
        assert 24_000 < preview.due_cents < 25_000

        # The card fails: nobody but the owner notices, for seven days.
        alice.let_the_card_fail()
        ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
        alice.pass_days(ahead + 2 * HOUR)
        assert alice.in_force == ("business", "past_due")
        assert bob.say(10_000) == "chat_message"
        assert api_status(alice.workspace) == 200
        assert console_status(alice, session) == 200
        assert sum("payment failed" in subject for subject in alice.mails()) == 1
        for days, subject in ((3, "still open"), (3, "is suspended on")):
            alice.pass_days(days)
            collect()
            alice.settle_mails(subject)
            assert alice.in_force == ("business", "past_due")
        assert bob.say(10_000) == "chat_message"

        # Suspended: closed to visitors, open to the owner's billing pages.
        alice.pass_days(1)
        collect()
        assert alice.in_force == ("business", "suspended")
        assert bob.closed_with() == 4402
        assert api_status(alice.workspace) == 402
        assert console_status(alice, session) == 402
        assert browse(alice.workspace, "GET", "/console/billing/", session).status_code != 402

        # Paid: open again at once.
        alice.let_the_card_fail(False)
        page = actions.pay_url(alice.tenant_id)
        assert page is not None
        alice.pay(page)
        alice.settle()
        assert alice.in_force == ("business", "active")
        assert api_status(alice.workspace) == 200
        with Visitor(alice.workspace) as again:
            assert again.may_say(10_000)

            # Down to Pro, when the month that was paid for is over.
            change = actions.change_plan(alice.tenant_id, "pro", "month")
            assert (change.now, change.at) == (False, alice.bought.period_end)
            assert (alice.bought.next_plan, alice.in_force) == ("pro", ("business", "active"))
            ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
            alice.pass_days(ahead + 2 * HOUR)
            assert (alice.bought.next_plan, alice.in_force) == ("", ("pro", "active"))
            assert again.may_say(2_000)
            assert again.say(2_001) == "MESSAGE_TOO_LONG"

            # Cancelled: Pro until the end, Free from then on; nothing is deleted.
            ends = actions.cancel(alice.tenant_id)
            assert ends == alice.bought.period_end == alice.bought.cancel_at
            assert alice.in_force == ("pro", "active")
            ahead = (alice.bought.period_end - alice.now).total_seconds() / DAY
            alice.pass_days(ahead + 2 * HOUR)
            assert alice.in_force == ("free", "active")
            assert alice.bought.standing == "ended"
            assert again.may_say(1_000)
            assert again.say(1_001) == "MESSAGE_TOO_LONG"
        with alice.workspace.api() as web:
            kept = web.get("/api/v1/rooms/general/messages").json()["data"]
        assert max(len(message["message"]) for message in kept) == 10_000
