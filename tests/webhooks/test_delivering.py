"""The product's own worker delivers: signed, once more after a fault, and to nobody who said no."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ops.local import Stack
from tests.faults.machine import Machine as Product
from tests.moderation.speaking import until
from tests.personas import Workspace
from tests.webhooks import years
from tests.webhooks.conftest import Hook, hooked
from tests.webhooks.receiver import Received, Receiver, receiving


def call(workspace: Workspace, status: int, method: str, path: str, body: Any = None) -> Any:
    with workspace.api() as alice:
        answer = alice.request(method, f"/api/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def say(workspace: Workspace, text: str, room: str = "general") -> None:
    call(workspace, 201, "POST", f"rooms/{room}/messages", {"message": text, "sub": "bob"})


def verifies(secret: str, got: Received) -> bool:
    try:
        Webhook(secret).verify(got.body, got.headers)
    except WebhookVerificationError:
        return False
    return True


def test_both_secrets_sign_during_the_overlap_and_one_before_and_after(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    made = hook("message.*")
    path = f"webhooks/{made['id']}"
    secrets = [made["secret"]]
    say(workspace, "old")
    for overlap, text in ((600, "both"), (0, "new")):
        receiver.wait_for(lambda all_: len(all_) == len(secrets))
        rotated = call(workspace, 200, "POST", f"{path}/rotate-secret", {"overlap": overlap})
        secrets.append(rotated["secret"])
        say(workspace, text)
    old, both, new = receiver.wait_for(lambda all_: len(all_) == 3)
    assert [[verifies(secret, got) for secret in secrets] for got in (old, both, new)] == [
        [True, False, False],
        [True, True, False],
        [False, False, True],
    ]
    seen = call(workspace, 200, "GET", path)
    assert "secret" not in seen
    assert seen["previous_secret_until"] is None


def test_the_end_of_an_overlap_is_told_while_it_lasts(workspace: Workspace, receiver: Receiver) -> None:
    made = call(workspace, 201, "POST", "webhooks", {"url": receiver.url, "events": ["*"]})
    path = f"webhooks/{made['id']}"
    call(workspace, 200, "POST", f"{path}/rotate-secret", {"overlap": 600})
    assert call(workspace, 200, "GET", path)["previous_secret_until"]
    call(workspace, 200, "POST", f"{path}/rotate-secret", {"overlap": 1})
    until(lambda: call(workspace, 200, "GET", path)["previous_secret_until"] is None)


def test_a_test_a_failure_and_what_came_back_are_in_the_ledger(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    made = hook("room.*")
    receiver.answer = lambda got: 500 if len(receiver.received) < 1 else 200
    receiver.headers, receiver.text = {"x-why": "because"}, "ünd \x00 so weiter ".encode() * 400
    sent = call(workspace, 202, "POST", f"webhooks/{made['id']}/test")
    assert (sent["type"], sent["state"]) == ("webhook.test", "pending")
    receiver.wait_for(lambda all_: len(all_) == 2, timeout=30)
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
    assert len({got.body for got in receiver.received}) == 1
    whole: dict[str, Any] = {"log": []}
    while len(whole["log"]) < 2:
        whole = call(workspace, 200, "GET", f"webhooks/deliveries/{sent['id']}")
    assert (whole["state"], whole["event"]) == ("delivered", receiver.received[0].headers["webhook-id"])
    first, second = whole["log"]
    assert (first["response"]["status"], second["response"]["status"]) == (500, 200)
    assert {"name": "x-why", "value": "because"} in first["response"]["headers"]
    assert first["response"]["body"].startswith("ünd \ufffd so weiter")
    assert len(first["response"]["body"]) <= 4096
    assert first["request"]["body"].encode() == receiver.received[0].body
    named = {header["name"]: header["value"] for header in first["request"]["headers"]}
    assert named["webhook-signature"] == receiver.received[0].headers["webhook-signature"]
    again = call(workspace, 202, "POST", f"webhooks/deliveries/{sent['id']}/replay")
    assert again["state"] == "pending"
    receiver.wait_for(lambda all_: len(all_) == 3)
    assert receiver.received[2].headers["webhook-id"] == whole["event"]


def test_gone_is_gone_at_once_and_the_owner_hears_of_it(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    from portal import mailbox

    made = hook("message.*")
    receiver.answer = lambda got: 410
    say(workspace, "one")
    receiver.wait_for(len)
    seen = made
    while seen["enabled"]:
        seen = call(workspace, 200, "GET", f"webhooks/{made['id']}")
    assert seen["disabled_reason"] == "gone"
    (delivery,) = call(workspace, 200, "GET", f"webhooks/{made['id']}/deliveries?state=failed")["data"]
    for path in (f"webhooks/{made['id']}/test", f"webhooks/deliveries/{delivery['id']}/replay"):
        assert call(workspace, 409, "POST", path)["code"] == "webhook_off"
    mine: list[Any] = []
    waited = threading.Event()
    for _ in range(200):
        mine = [mail for mail in mailbox.newest(500) if mail.to == workspace.owner_email]
        if mine or waited.wait(0.1):
            break
    (mail,) = mine
    assert receiver.url in mail.text
    assert "410 Gone" in mail.text
    assert f"/console/webhooks/{made['id']}/" in mail.text


def test_a_dead_receiver_and_a_hanging_one_delay_nobody_else(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    stuck = threading.Event()
    with receiving() as good, receiving() as hanging:
        hanging.answer = lambda got: (stuck.wait(60) and 200) or 200
        hooked(elsewhere, hanging.url, "message.*")
        hooked(workspace, good.url, "message.*")
        for n in range(12):
            call(elsewhere, 201, "POST", "rooms", {"name": f"room{n}"})
            say(elsewhere, "hello", f"room{n}")
        say(workspace, "hello")
        good.wait_for(len, timeout=5)
        stuck.set()


def test_a_deleted_webhook_hears_nothing_more_and_hides_its_past(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    made = hook("message.*")
    say(workspace, "one")
    receiver.wait_for(len)
    (delivery,) = call(workspace, 200, "GET", f"webhooks/{made['id']}/deliveries")["data"]
    call(workspace, 204, "DELETE", f"webhooks/{made['id']}")
    say(workspace, "two")
    for path in (f"webhooks/{made['id']}", f"webhooks/deliveries/{delivery['id']}"):
        assert call(workspace, 404, "GET", path)["code"] == "not_found"
    # Another one, whose first news comes after whatever the deleted one might still have been told.
    with receiving() as other:
        hooked(workspace, other.url, "message.*")
        say(workspace, "three")
        (got,) = other.wait_for(len)
    assert got.data["message"] == "three"
    assert [each.data["message"] for each in receiver.received] == ["one"]


def test_a_plan_s_webhooks_are_counted_and_bad_ones_refused(workspace: Workspace) -> None:
    url = "https://shop.example.com/hooks"
    for body in (
        {"url": "https://10.0.0.1/", "events": ["*"]},
        {"url": "http://shop.example.com/", "events": ["*"]},
        {"url": url, "events": ["message.eaten"]},
        {"url": url, "events": ["webhook.test"]},
        {"url": url, "events": []},
    ):
        assert call(workspace, 422, "POST", "webhooks", body)["code"] == "invalid_field"
    made = call(workspace, 201, "POST", "webhooks", {"url": url, "events": ["*", "*", "room.*"]})
    assert made["events"] == ["*", "room.*"]
    refused = call(workspace, 403, "POST", "webhooks", {"url": url, "events": ["*"]})
    assert refused["code"] == "webhook_limit_reached"
    for changes in ({"url": "https://[::1]/"}, {"events": ["x"]}):
        assert call(workspace, 422, "PATCH", f"webhooks/{made['id']}", changes)["code"] == "invalid_field"
    assert call(workspace, 200, "GET", "webhooks")["data"] == [
        {name: value for name, value in made.items() if name != "secret"}
    ]
    call(workspace, 204, "DELETE", f"webhooks/{made['id']}")
    call(workspace, 201, "POST", "webhooks", {"url": url, "events": ["*"]})


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """A stack whose worker is killed."""
    with (
        tempfile.TemporaryDirectory(prefix="snug-hooks-", ignore_cleanup_errors=True) as folder,
        Stack(Path(folder) / "data", web_workers=1, fast=True) as stack,
    ):
        yield Product(stack)


def kill_the_worker(product: Product) -> None:
    waited = threading.Event()
    while "worker" not in product.stack.processes:
        waited.wait(0.02)
    product.stack.kill("worker")


def test_a_worker_killed_in_mid_delivery_leaves_nothing_out_and_keeps_the_order(
    product: Product, tmp_path: Path
) -> None:
    workspace = product.workspace("business")
    machine = years.Machine(tmp_path)
    machine.start()
    hooked(workspace, machine.url, "message.*")
    for round_ in range(3):
        for n in range(20):
            say(workspace, f"{round_}:{n}")
            if n == 10:
                kill_the_worker(product)
    deadline = threading.Event()
    for _ in range(600):  # a claim that died with the worker lapses after some seconds
        if {each["body"]["data"]["seq"] for each in machine.received()} == set(range(1, 61)):
            break
        deadline.wait(0.1)
    seqs = [each["body"]["data"]["seq"] for each in machine.received()]
    machine.kill()
    assert set(seqs) == set(range(1, 61))
    assert seqs == sorted(seqs)
