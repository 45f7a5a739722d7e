"""Filters, from the API to what is said in rooms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.moderation.speaking import MESSAGES, PROCESSES, REFUSED, add_filter, outcome, say, until_answered
from tests.personas import Workspace


async def test_a_refused_word_is_refused_on_sockets_and_over_rest_and_nobody_hears_it(
    workspace: Workspace,
) -> None:
    add_filter(workspace, "heck")
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.token("ann")) as ann:
        await bob.send("chat_message", message="What the HÉCK", client_id="c1")
        error = await bob.until("error")
        assert (error["error"]["code"], error["client_id"]) == ("FORBIDDEN", "c1")
        assert "not allowed here" in error["message"]
        for process in PROCESSES:
            assert outcome(say(workspace, "heck!", process=process)) == REFUSED
        said = await bob.say("What the check")
        heard = await ann.until("chat_message")
        assert heard["message_id"] == said["message_id"]


async def test_a_masked_word_is_stored_masked_and_cannot_be_edited_in(workspace: Workspace) -> None:
    add_filter(workspace, "heck", "mask")
    said = say(workspace, "what the heck").json()
    assert said["message"] == "what the ••••"
    with workspace.http(workspace.token("bob")) as bob:
        edited = bob.patch(f"{MESSAGES}/{said['message_id']}", json={"message": "oh heck"})
        assert edited.json()["message"] == "oh ••••"
    async with workspace.chat(workspace.token("bob")) as bob_live:
        await bob_live.send("edit_message", message_id=said["message_id"], message="by heck")
        assert (await bob_live.until("message_edited"))["message"] == "by ••••"


def test_a_reported_word_is_let_through_and_somebody_is_asked_to_look(workspace: Workspace) -> None:
    add_filter(workspace, "odd", "report")
    said = say(workspace, "how odd").json()
    assert said["message"] == "how odd"
    with workspace.api() as api:
        (report,) = api.get("/api/v1/reports").json()["data"]
    expected = {
        "reason": "filtered",
        "filter": "odd",
        "reported_by": "bot:filters",
        "said": "how odd",
        "user_id": "bob",
    }
    assert expected.items() <= report.items()
    assert report["message_id"] == said["message_id"]


def test_links_are_filtered_by_the_site_and_ours_are_exempt(workspace: Workspace) -> None:
    add_filter(workspace, "*", "refuse", "link")
    add_filter(workspace, "www.Ours.example", "allow", "link")
    assert outcome(say(workspace, "https://evil.example")) == REFUSED
    assert say(workspace, "https://help.ours.example").status_code == 201


def test_a_key_and_those_who_moderate_say_what_they_like_and_a_key_that_speaks_for_a_user_does_not(
    workspace: Workspace,
) -> None:
    add_filter(workspace, "heck")
    with workspace.api() as api:
        assert api.post(MESSAGES, json={"message": "heck"}).status_code == 201
        assert outcome(api.post(MESSAGES, json={"message": "heck", "sub": "bob"})) == REFUSED
        member = {"role": "moderator"}
        api.put("/api/v1/rooms/general/members/mia", json=member).raise_for_status()
    assert say(workspace, "heck", "mia").status_code == 201


def test_a_message_that_stood_before_the_filter_is_answered_when_it_is_sent_again(
    workspace: Workspace,
) -> None:
    first = say(workspace, "heck", client_id="c1")
    assert first.status_code == 201
    add_filter(workspace, "heck")
    again = say(workspace, "heck", client_id="c1")
    assert (again.status_code, again.json()["message_id"]) == (200, first.json()["message_id"])


def test_a_refused_message_costs_no_turn_in_slow_mode(workspace: Workspace) -> None:
    add_filter(workspace, "heck")
    with workspace.api() as api:
        api.patch("/api/v1/rooms/general", json={"slow_mode": 600}).raise_for_status()
    assert say(workspace, "first", "eve").status_code == 201
    until_answered(workspace, "second", 429, sub="eve")
    assert outcome(say(workspace, "heck")) == REFUSED
    assert say(workspace, "sorry").status_code == 201
    assert outcome(say(workspace, "more")) == (429, "slow_mode")


def test_a_deleted_filter_lets_through_and_both_are_on_record(workspace: Workspace) -> None:
    made = add_filter(workspace, "heck")
    with workspace.api() as api:
        assert made["id"] in [each["id"] for each in api.get("/api/v1/filters").json()["data"]]
        assert api.delete(f"/api/v1/filters/{made['id']}").status_code == 204
        assert api.delete(f"/api/v1/filters/{made['id']}").status_code == 404
        for process in PROCESSES:
            until_answered(workspace, "heck", 201, process=process)
        for action in ("created", "deleted"):
            entries = api.get(f"/api/v1/audit?action=filter.{action}").json()["data"]
            assert made["id"] in [entry["object"] for entry in entries]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"pattern": " \u200b "}, (422, "invalid_field")),
        ({"pattern": "*"}, (422, "invalid_field")),
        ({"pattern": "he*ck"}, (422, "invalid_field")),
        ({"pattern": "x" * 121}, (422, "invalid_field")),
        ({"pattern": "a\x00b"}, (422, "invalid_field")),
        ({"pattern": "\ud800"}, (422, "invalid_field")),
        ({"pattern": None}, (422, "invalid_field")),
        ({"kind": "smell"}, (422, "invalid_field")),
        ({"action": "shout"}, (422, "invalid_field")),
        ({"action": "allow"}, (422, "invalid_field")),
        ({"kind": "link", "pattern": "https://x.example/"}, (422, "invalid_field")),
        ({"kind": "link", "pattern": "localhost"}, (422, "invalid_field")),
        ({"pattern": " Twice "}, (409, "filter_exists")),
    ],
    ids=[
        "unseen",
        "star",
        "star within",
        "long",
        "NUL",
        "surrogate",
        "none",
        "kind",
        "action",
        "allow",
        "url",
        "label",
        "twice",
    ],
)
def test_what_is_no_filter_is_refused_in_words(
    workspace: Workspace, body: dict[str, Any], code: tuple[int, str]
) -> None:
    good = {"kind": "word", "pattern": "Twice", "action": "mask"}
    with workspace.api() as api:
        api.post("/api/v1/filters", json=good).raise_for_status()
        content = json.dumps({**good, **body}).encode()
        refused = api.post("/api/v1/filters", content=content, headers={"content-type": "application/json"})
        assert outcome(refused) == code
        assert refused.json()["detail"]
        assert len(api.get("/api/v1/filters").json()["data"]) == 1
