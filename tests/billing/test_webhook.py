"""What the webhook believes, and what it makes of what it believes."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from billing.views import MOST_BYTES
from tests.billing.buyer import Buyer, wait_until
from tests.personas import Workspace
from tests.plain_http import NO_TLS

PATH = "/billing/stripe/webhook/"


def event(type_: str = "customer.subscription.updated", **thing: Any) -> dict[str, Any]:
    return {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "type": type_,
        "created": int(time.time()),
        "data": {"object": {"object": "subscription", **thing}},
    }


def signature(body: bytes, *, age: int = 0, secret: str | None = None) -> str:
    from django.conf import settings

    at = int(time.time()) - age
    key = (secret or str(settings.STRIPE_WEBHOOK_SECRET)).encode()
    return f"t={at},v1={hmac.new(key, f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def deliver(
    workspace: Workspace, body: bytes, signed: str | None = None, process: int = 0, method: str = "POST"
) -> httpx.Response:
    port = workspace.ports[process]
    given = {"Host": f"localhost:{port}", "Content-Type": "application/json"}
    given |= {"Stripe-Signature": signed} if signed is not None else {}
    headers = httpx.Headers(given, encoding="latin-1")
    return httpx.request(
        method, f"http://127.0.0.1:{port}{PATH}", content=body, headers=headers, timeout=20, verify=NO_TLS
    )


def kept(id_: str) -> Any:
    from billing.models import StripeEvent

    return StripeEvent.objects.filter(pk=id_).first()


def applied(id_: str) -> bool:
    found = kept(id_)
    return found is not None and found.applied_at is not None


FORGERIES: dict[str, Callable[[bytes], str | None]] = {
    "no signature": lambda body: None,
    "an empty one": lambda body: "",
    "another secret": lambda body: signature(body, secret="whsec_somebody_elses"),
    "of another body": lambda body: signature(body + b" "),
    "over five minutes old": lambda body: signature(body, age=310),
    "no time": lambda body: signature(body).partition(",")[2],
    "another scheme": lambda body: signature(body).replace("v1=", "v0="),
    "nonsense": lambda body: "t=x,v1=,,v1",
    "no ASCII": lambda body: f"t={int(time.time())},v1=\xe9",
}


@pytest.mark.parametrize("how", sorted(FORGERIES))
def test_what_stripe_did_not_sign_is_refused_and_not_kept(workspace: Workspace, how: str) -> None:
    forged, real = event(), event()
    body, as_stripe = json.dumps(forged).encode(), json.dumps(real).encode()
    assert deliver(workspace, as_stripe, signature(as_stripe)).status_code == 200
    assert kept(real["id"])
    signed = FORGERIES[how](body)
    answer = deliver(workspace, body, signed)
    assert answer.status_code == 400
    assert kept(forged["id"]) is None


@pytest.mark.parametrize("age", [0, 290, -290], ids=["now", "nearly five minutes ago", "a clock ahead"])
def test_a_clock_may_be_wrong_by_a_little(workspace: Workspace, age: int) -> None:
    told = event()
    body = json.dumps(told).encode()
    assert deliver(workspace, body, signature(body, age=age)).status_code == 200
    assert kept(told["id"])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"id": 1}', b'{"id": "evt_1", "type": "x"}', b"\xff\xfe", b"[" * 5_000],
    ids=["empty", "half", "a list", "null", "a number", "no time", "no text", "deep"],
)
def test_what_is_signed_and_is_no_event_is_refused(workspace: Workspace, body: bytes) -> None:
    assert deliver(workspace, body, signature(body)).status_code == 400


def test_a_body_that_is_too_large_is_not_read(workspace: Workspace) -> None:
    body = json.dumps(event()).encode()
    assert deliver(workspace, body.ljust(MOST_BYTES), signature(body.ljust(MOST_BYTES))).status_code == 200
    large = body.ljust(MOST_BYTES + 1)
    assert deliver(workspace, large, signature(large)).status_code == 413


@pytest.mark.parametrize(
    "thing",
    [None, {"object": "customer"}, {"object": "customer", "id": 7}, {"customer": ["x"]}, {"name": "a\0b"}],
)
def test_an_odd_event_is_kept_and_changes_nothing(workspace: Workspace, thing: Any) -> None:
    told = event("customer.updated") | {"data": thing and {"object": thing}}
    body = json.dumps(told).encode()
    assert deliver(workspace, body, signature(body)).status_code == 200
    wait_until(lambda: applied(told["id"]))
    assert kept(told["id"]).fault == ""


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_it_takes_nothing_but_a_post(workspace: Workspace, method: str) -> None:
    assert deliver(workspace, b"", "", method=method).status_code == 405


def test_it_is_on_the_portal_alone(workspace: Workspace) -> None:
    told = event()
    body = json.dumps(told).encode()
    with workspace.http() as web:
        answer = web.post(PATH, content=body, headers={"Stripe-Signature": signature(body)})
    assert answer.status_code == 404
    assert kept(told["id"]) is None


@pytest.mark.parametrize("type_", ["treasury.received_credit.created", "customer.subscription.updated"])
def test_what_concerns_nobody_here_is_kept_and_changes_nothing(workspace: Workspace, type_: str) -> None:
    told = event(type_, customer="cus_nobody")
    body = json.dumps(told).encode()
    assert deliver(workspace, body, signature(body)).status_code == 200
    wait_until(lambda: applied(told["id"]))
    assert kept(told["id"]).payload == told
    assert kept(told["id"]).fault == ""


def test_an_event_delivered_many_times_at_once_is_applied_once(workspace: Workspace) -> None:
    told = event(customer="cus_nobody")
    body = json.dumps(told).encode()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: deliver(workspace, body, signature(body), n % 2), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    wait_until(lambda: applied(told["id"]))
    assert kept(told["id"]).attempts == 1


def test_a_signed_lie_changes_nothing(alice: Buyer) -> None:
    """Whoever has the secret can make us look, and no more: what is written is what Stripe answers."""
    alice.buy("pro")
    before = alice.bought
    told = event(
        "customer.subscription.deleted", id=before.subscription_id, customer=alice.customer, status="canceled"
    )
    body = json.dumps(told).encode()
    assert deliver(alice.workspace, body, signature(body)).status_code == 200
    wait_until(lambda: applied(told["id"]))
    assert alice.in_force == ("pro", "active")
    assert alice.bought.status == before.status


def test_an_event_of_one_customer_looks_at_no_other(alice: Buyer, mallory: Buyer) -> None:
    """Mallory's events refresh Mallory's workspace, whatever they say of Alice's."""
    for buyer in (alice, mallory):
        buyer.buy("pro")
    before, looked = alice.bought, mallory.bought.refreshed_at
    mallory.pass_days(1)
    told = event(
        customer=mallory.customer, id=before.subscription_id, metadata={"snug_tenant": str(alice.tenant_id)}
    )
    body = json.dumps(told).encode()
    assert deliver(alice.workspace, body, signature(body)).status_code == 200
    wait_until(lambda: applied(told["id"]))
    assert mallory.bought.refreshed_at > looked
    assert alice.bought.refreshed_at == before.refreshed_at
    assert alice.in_force == ("pro", "active")


def test_what_cannot_be_applied_yet_is_applied_later(alice: Buyer) -> None:
    """Stripe is away while its event is applied: the event waits with its fault, and nothing is lost."""
    from billing import actions
    from billing.errors import BillingUnavailable
    from billing.models import StripeEvent

    alice.buy("pro")
    alice.control("POST", "faults", method="GET", path="/v1/subscriptions*", status=500, times=100)
    told = event(customer=alice.customer)
    StripeEvent.objects.create(id=told["id"], type=told["type"], created=alice.now, payload=told)
    with pytest.raises(BillingUnavailable):
        actions.apply_event(told["id"])
    waiting = kept(told["id"])
    assert (waiting.applied_at, waiting.attempts) == (None, 1)
    assert "StripeAway" in waiting.fault
    alice.control("DELETE", "faults")
    from billing import rounds

    rounds.apply_waiting_events()
    assert applied(told["id"])
    assert (kept(told["id"]).fault, kept(told["id"]).attempts) == ("", 2)
    assert not actions.apply_event(told["id"])


def test_events_are_forgotten_after_ninety_days_unless_they_wait(workspace: Workspace) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from billing import actions
    from billing.models import StripeEvent

    now = timezone.now()

    def one(age: int, done: bool) -> str:
        row = StripeEvent.objects.create(
            id=f"evt_{secrets.token_hex(12)}",
            type="x",
            created=now,
            payload={},
            received_at=now - timedelta(days=age),
            applied_at=now if done else None,
            fault="" if done else "kept for its test",
        )
        return str(row.pk)

    old, young, waiting = one(91, True), one(89, True), one(91, False)
    actions.forget_old_events()
    assert (kept(old), bool(kept(young)), bool(kept(waiting))) == (None, True, True)
    StripeEvent.objects.filter(pk=waiting).delete()
