"""What the reference says of all calls holds: its examples are what is really sent, and its program reads them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.moderation.speaking import say
from tests.moderation.test_hook import answering, ask
from tests.personas import Workspace
from tests.webhooks.conftest import hooked
from tests.webhooks.receiver import Received, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def example(workspace: Workspace, id_: str) -> str:
    with workspace.http() as client:
        page = client.get("/api/v1/docs").text
    found = re.search(f'<code id="{id_}">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def check(workspace: Workspace, secret: str, got: Received) -> None:
    """By the program on the page."""
    program: dict[str, Any] = {}
    exec(example(workspace, "webhooks-out-2"), program)
    program["verify"](secret, got.headers, got.body)
    for headers, body in (
        (got.headers, got.body + b" "),
        (got.headers | {"webhook-id": "another"}, got.body),
        (got.headers | {"webhook-timestamp": "1"}, got.body),
    ):
        with pytest.raises(ValueError, match=r"old|signed"):
            program["verify"](secret, headers, body)


def test_an_event_is_what_the_page_shows_and_its_program_checks_it(
    workspace: Workspace, receiver: Receiver
) -> None:
    made = hooked(workspace, receiver.url, "message.*")
    say(workspace, "Where is my order?")
    (got,) = receiver.wait_for(lambda all_: len(all_) == 1)
    shown = json.loads(example(workspace, "webhooks-out-1"))
    assert shown.keys() == got.json.keys()
    assert {name: type(value) for name, value in shown["data"].items()} == {
        name: type(value) for name, value in got.data.items()
    }
    check(workspace, made["secret"], got)
    with workspace.api() as api:  # both secrets sign, and either will do
        api.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", json={"overlap": 600}).raise_for_status()
    say(workspace, "And now?")
    check(workspace, made["secret"], receiver.wait_for(lambda all_: len(all_) == 2)[1])


def test_the_hook_is_asked_what_the_page_shows_and_answers_as_it_says(
    workspace: Workspace, receiver: Receiver
) -> None:
    answering(receiver, {"action": "allow"})
    secret = ask(workspace, receiver)
    shown = json.loads(example(workspace, "before-send-1"))
    answers = [json.loads(line) for line in example(workspace, "before-send-2").splitlines()]
    said = []
    for answer in answers:
        answering(receiver, answer)
        said.append(say(workspace, "hello", client_id=answer["action"]).json())
    asked = receiver.received[0]
    assert {**asked.json, "timestamp": 0} == {
        **shown,
        "timestamp": 0,
        "data": {**shown["data"], "client_id": "allow", "username": asked.data["username"]},
    }
    check(workspace, secret, asked)
    assert said[0]["message"] == "hello"
    assert said[1]["detail"] == answers[1]["reason"]
    assert said[2]["message"] == answers[2]["message"]


def test_what_holds_for_all_calls_is_on_the_page_and_in_the_document(workspace: Workspace) -> None:
    with workspace.http() as client:
        page = client.get("/api/v1/docs").text
        document = client.get("/api/v1/openapi.json").json()["info"]["description"]
    for words in (
        "Idempotency-Key",
        "Idempotency-Replayed",
        "idempotency_key_reused",
        "cursor",
        "RateLimit-Reset",
        "Retry-After",
        "webhook-signature",
        "message.before_send",
        "on_failure",
    ):
        assert words in page.partition('id="for-all"')[2].partition('id="about-')[0], words
        assert words in document, words
