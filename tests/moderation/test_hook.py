"""The tenant's own server, asked before a message is sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.moderation.speaking import MESSAGES, REFUSED, in_force, outcome, say, until
from tests.personas import Workspace
from tests.webhooks.receiver import Received, Receiver

PROBE = "probe"


def answering(receiver: Receiver, said: dict[str, Any] | None, status: int = 200) -> None:
    receiver.text = b"" if said is None else json.dumps(said).encode()
    receiver.headers = {"content-type": "application/json"}
    receiver.answer = lambda request: status


def ask(workspace: Workspace, receiver: Receiver, on_failure: str = "allow") -> str:
    """The hook, in force on both processes; its secret. `receiver` has heard nothing of it yet."""
    with workspace.api() as api:
        made = api.put("/api/v1/moderation/hook", json={"url": receiver.url, "on_failure": on_failure})
        assert made.status_code == 201, made.text
    in_force(workspace)
    with receiver.came:
        receiver.received.clear()
    return str(made.json()["secret"])


async def test_it_hears_who_says_what_where_signed_and_allows(
    workspace: Workspace, receiver: Receiver
) -> None:
    answering(receiver, {"action": "allow"})
    secret = ask(workspace, receiver)
    async with workspace.chat(workspace.token("bob", name="Bob")) as bob:
        said = await bob.say("hello", client_id="c1")
        assert said["message"] == "hello"
    (asked,) = receiver.received
    Webhook(secret).verify(asked.body, asked.headers)
    assert asked.type == "message.before_send"
    assert asked.data == {
        "room": "general",
        "kind": "public",
        "user_id": "bob",
        "username": "Bob",
        "user_kind": "user",
        "message": "hello",
        "client_id": "c1",
    }


async def test_it_changes_what_is_said_before_anyone_hears_it(
    workspace: Workspace, receiver: Receiver
) -> None:
    answering(receiver, {"action": "change", "message": " [card number removed] " + "ü" * 900})
    ask(workspace, receiver)
    async with workspace.chat(workspace.token("ann")) as ann:
        said = say(workspace, "4242 4242 4242 4242", client_id="c1").json()
        assert said["message"] == "[card number removed] " + "ü" * 900
        assert said["client_id"] == "c1"
        assert (await ann.until("chat_message"))["message"] == said["message"]
    edited = {"message": "4242"}
    with workspace.http(workspace.token("bob")) as bob:
        answer = bob.patch(f"{MESSAGES}/{said['message_id']}", json=edited)
        assert answer.json()["message"].startswith("[card")
    assert receiver.received[-1].data["message_id"] == said["message_id"]


async def test_it_refuses_with_a_reason_of_its_own(workspace: Workspace, receiver: Receiver) -> None:
    answering(receiver, {"action": "refuse", "reason": "No  prices\nhere, please."})
    ask(workspace, receiver)
    refused = say(workspace, "5 EUR")
    assert (outcome(refused), refused.json()["detail"]) == (REFUSED, "No prices here, please.")
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.send("chat_message", message="5 EUR", client_id="c2")
        error = await bob.until("error")
        assert (error["error"], error["client_id"]) == (
            {"code": "FORBIDDEN", "message": "No prices here, please.", "reason": "message_refused"},
            "c2",
        )
    with workspace.api() as api:
        assert api.get(MESSAGES).json()["data"] == []


def test_keys_are_not_asked_about(workspace: Workspace, receiver: Receiver) -> None:
    answering(receiver, {"action": "refuse"})
    ask(workspace, receiver)
    with workspace.api() as api:
        assert api.post(MESSAGES, json={"message": "hello"}).status_code == 201
        assert outcome(api.post(MESSAGES, json={"message": "hello", "sub": "bob"})) == REFUSED
    assert [each.data["user_id"] for each in receiver.received] == ["bob"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (None, 500),
        (None, 302),
        (None, 200),
        ({}, 200),
        ({"action": "explode"}, 200),
        ({"action": "change"}, 200),
        ({"action": "change", "message": "  "}, 200),
        ({"action": "change", "message": "x" * 50_000}, 200),
        ({"action": "change", "message": 5}, 200),
        (["allow"], 200),
    ],
    ids=["fault", "redirect", "nothing", "empty", "unknown", "no text", "blank", "long", "number", "list"],
)
@pytest.mark.parametrize("on_failure", ["allow", "refuse"])
def test_an_answer_that_is_none_is_a_failure_and_the_tenant_has_chosen_what_that_means(
    workspace: Workspace, receiver: Receiver, said: Any, status: int, on_failure: str
) -> None:
    answering(receiver, said, status)
    ask(workspace, receiver, on_failure)
    answer = say(workspace, "hello")
    assert len(receiver.received) == 1
    if on_failure == "refuse":
        assert outcome(answer) == (503, "message_not_checked")
        assert "could not be checked" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "10"
    else:
        assert (answer.status_code, answer.json()["message"]) == (201, "hello")


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Set at the end, so that whoever waits for it goes."""
    event = threading.Event()
    yield event
    event.set()


async def test_one_that_hangs_holds_up_its_own_tenant_for_a_moment_and_is_then_left_alone(
    workspace: Workspace, elsewhere: Workspace, receiver: Receiver, held: threading.Event
) -> None:
    asked: list[Received] = []

    def hang(request: Received) -> int:
        asked.append(request)
        held.wait(30)
        return 204

    receiver.answer = hang
    ask_ = {"url": receiver.url, "on_failure": "allow"}
    with workspace.api() as api:
        api.put("/api/v1/moderation/hook", json=ask_).raise_for_status()
    until(lambda: say(workspace, "first").status_code == 201 and bool(asked))
    async with workspace.chat(workspace.token("bob")) as bob, elsewhere.chat(elsewhere.token("eve")) as eve:
        await bob.send("chat_message", message="slow", client_id="slow")
        assert (await eve.say("quick"))["message"] == "quick"
        await bob.until("chat_message", client_id="slow")
        for number in range(6):
            await bob.say(f"slow {number}")
        before = len(asked)
        await bob.say("not asked about")
        assert len(asked) == before


def test_a_crowd_that_waits_for_one_tenants_server_leaves_the_connections_to_the_others(
    workspace: Workspace, elsewhere: Workspace, receiver: Receiver
) -> None:
    from django.conf import settings

    crowd = settings.DATABASE_POOL_SIZE + 4
    answering(receiver, {"action": "allow"})
    ask(workspace, receiver)
    came: list[Received] = []
    went: list[Received] = []

    def hold(request: Received) -> int:
        came.append(request)
        all_heard.wait(1.2)  # less than a hook may take
        went.append(request)
        return 204

    def speak(client: httpx.Client, number: int) -> int:
        # With a key of its own: so the database is asked before the tenant's server is.
        headers = {"Idempotency-Key": f"{number}-{time.monotonic_ns()}"}
        body = {"message": f"{number}", "sub": f"user-{number}"}
        return client.post(MESSAGES, json=body, headers=headers).status_code

    def others_are_heard_while_all_wait() -> bool:
        """On a busy machine the first of the crowd may be gone when the last one comes: then once more."""
        came.clear()
        went.clear()
        all_heard.clear()
        with workspace.api() as ours, elsewhere.api() as theirs, ThreadPoolExecutor(crowd) as people:
            said = [people.submit(speak, ours, number) for number in range(crowd)]
            until(lambda: len(came) == crowd or bool(went), pause=0.01)
            heard = [theirs.get("/api/v1/rooms").status_code for _ in range(3)]
            at_once = len(came) == crowd and not went
            all_heard.set()
            assert {each.result() for each in said} == {201}
        return at_once and heard == [200] * 3

    all_heard = threading.Event()
    receiver.answer = hold
    until(others_are_heard_while_all_wait, seconds=30)


def test_a_private_address_is_refused_and_another_address_has_another_secret(
    workspace: Workspace, receiver: Receiver
) -> None:
    with workspace.api() as api:
        for url in ("https://10.0.0.1/x", "ftp://shop.example.com/", "https://localhost.localdomain:22/"):
            refused = api.put("/api/v1/moderation/hook", json={"url": url})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
        assert api.delete("/api/v1/moderation/hook").status_code == 404
        first = api.put("/api/v1/moderation/hook", json={"url": receiver.url})
        again = api.put("/api/v1/moderation/hook", json={"url": receiver.url, "on_failure": "refuse"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert "secret" not in again.json()
        other = api.put("/api/v1/moderation/hook", json={"url": f"{receiver.url}/2"}).json()
        assert other["secret"] != first.json()["secret"]
        hook = api.get("/api/v1/moderation").json()["hook"]
        assert (hook["url"], hook["on_failure"]) == (f"{receiver.url}/2", "allow")
        assert api.delete("/api/v1/moderation/hook").status_code == 204
        assert api.get("/api/v1/moderation").json()["hook"] is None


async def test_what_was_not_sent_was_not_said(workspace: Workspace, receiver: Receiver) -> None:
    with workspace.api() as api:
        api.patch("/api/v1/moderation", json={"repeats": {"most": 1, "seconds": 600}}).raise_for_status()
    answering(receiver, None, 500)
    ask(workspace, receiver, "refuse")
    assert outcome(say(workspace, "hello")) == (503, "message_not_checked")
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.send("chat_message", message="hello")
        error = await bob.until("error")
        assert (error["error"]["code"], error["error"]["reason"]) == ("RATE_LIMITED", "message_not_checked")
        assert error["retry_after"] == 10
    answering(receiver, {"action": "refuse"})
    assert outcome(say(workspace, "hello")) == REFUSED
    answering(receiver, {"action": "allow"})
    assert say(workspace, "hello").status_code == 201
    assert outcome(say(workspace, "hello")) == (403, "message_repeated")
