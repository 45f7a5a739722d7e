"""A hook that fails is no secret from its owner; and its secret can be another one."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.console.staff import sign_in
from tests.moderation.speaking import in_force, say, until
from tests.moderation.test_hook import answering, ask
from tests.personas import Workspace
from tests.portal.visitor import text_of
from tests.realtime.backstage import rows, schema_of
from tests.realtime.backstage import until as until_async
from tests.webhooks.receiver import Received, Receiver

HOOK = "/api/v1/moderation/hook"


def hook_of(workspace: Workspace) -> dict[str, Any]:
    with workspace.api() as api:
        found: dict[str, Any] = api.get("/api/v1/moderation").json()["hook"]
    return found


def changes(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.api() as api:
        entries = api.get("/api/v1/audit").json()["data"]
    return [each["details"] for each in entries if each["action"] == "moderation.changed"]


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (None, 500, "It answered 500."),
        ({"action": "explode"}, 200, "Its answer is not understood: Invalid enum value 'explode'"),
        ({"action": "\x00"}, 200, "Its answer is not understood: "),
        ({"action": "change", "message": " "}, 200, "Its message cannot be sent: "),
    ],
    ids=["fault", "unknown", "nul", "blank"],
)
def test_its_owner_sees_when_it_failed_and_why(
    workspace: Workspace, receiver: Receiver, said: Any, status: int, why: str
) -> None:
    answering(receiver, said, status)
    ask(workspace, receiver)
    assert (hook_of(workspace)["failed_at"], hook_of(workspace)["failure"]) == (None, None)
    assert say(workspace, "hello").status_code == 201
    until(lambda: hook_of(workspace)["failed_at"] is not None)
    assert hook_of(workspace)["failure"].startswith(why)
    shown = text_of(sign_in(workspace).get("/console/moderation/"))
    assert "It gave no sound answer at" in shown
    assert why.replace("'", "\u2019") in shown.replace("'", "\u2019")


def test_one_that_is_slow_is_said_to_be_slow(workspace: Workspace, receiver: Receiver) -> None:
    ask(workspace, receiver)
    done = threading.Event()

    def hang(request: Received) -> int:
        done.wait(30)
        return 204

    receiver.answer = hang
    assert say(workspace, "hello").status_code == 201
    done.set()
    until(lambda: hook_of(workspace)["failure"] == "No answer within 1.5 seconds.")


def test_another_address_is_another_matter_and_the_same_is_no_change(
    workspace: Workspace, receiver: Receiver
) -> None:
    answering(receiver, None, 500)
    ask(workspace, receiver)
    say(workspace, "hello")
    until(lambda: hook_of(workspace)["failed_at"] is not None)
    before = changes(workspace)
    with workspace.api() as api:
        same = api.put(HOOK, json={"url": receiver.url})
        assert (same.status_code, same.json()["failure"]) == (200, "It answered 500.")
        assert changes(workspace) == before
        assert api.put(HOOK, json={"url": f"{receiver.url}/2"}).json()["failed_at"] is None
    assert len(changes(workspace)) == len(before) + 1
    assert hook_of(workspace)["failure"] is None


def test_the_next_success_clears_what_another_process_has_written(
    workspace: Workspace, receiver: Receiver
) -> None:
    answering(receiver, {"action": "allow"})
    ask(workspace, receiver)
    failed = "UPDATE moderation_rules SET hook_failed_at = now(), hook_failure = %s RETURNING 1"
    assert rows(workspace, failed, "It answered 500.")
    assert hook_of(workspace)["failure"] == "It answered 500."
    say(workspace, "hello")
    until(lambda: hook_of(workspace)["failure"] is None)
    assert hook_of(workspace)["failed_at"] is None


async def test_a_failure_is_written_at_once_and_seldom_and_ended_by_a_success(workspace: Workspace) -> None:
    from moderation.review.health import Health
    from realtime.background import Background
    from tenants.database import close_pool

    url, every = "http://127.0.0.1:9/before", 1.0
    with workspace.api() as api:
        api.put(HOOK, json={"url": url}).raise_for_status()
    background = Background()
    health = Health(schema_of(workspace), url, background, every)
    try:
        health.failed("first")
        await until_async(lambda: hook_of(workspace)["failure"] == "first")
        first = hook_of(workspace)["failed_at"]
        health.failed("second")
        health.succeeded()
        health.failed("third")
        await asyncio.sleep(every * 1.2)  # time passes: nothing is waited for
        assert (hook_of(workspace)["failure"], hook_of(workspace)["failed_at"]) == ("first", first)
        health.failed("fourth")
        await until_async(lambda: hook_of(workspace)["failure"] == "fourth")
        health.succeeded()
        await until_async(lambda: hook_of(workspace)["failure"] is None)
        health.failed("fifth")
        await until_async(lambda: hook_of(workspace)["failure"] == "fifth")
    finally:
        await background.stop()
        await close_pool()


def test_its_secret_can_be_another_one_for_the_same_address(workspace: Workspace, receiver: Receiver) -> None:
    answering(receiver, {"action": "allow"})
    with workspace.api() as api:
        assert api.post(f"{HOOK}/rotate-secret").status_code == 404
    first = ask(workspace, receiver)
    with workspace.api() as api:
        rotated = api.post(f"{HOOK}/rotate-secret")
        assert (rotated.status_code, rotated.json()["url"]) == (200, receiver.url)
    in_force(workspace)
    with receiver.came:
        receiver.received.clear()
    say(workspace, "hello")
    (asked,) = receiver.received
    Webhook(rotated.json()["secret"]).verify(asked.body, asked.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(asked.body, asked.headers)
    assert changes(workspace)[0] == {"hook": receiver.url, "secret": "rotated"}
