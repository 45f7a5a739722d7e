"""Rooms changed and deleted, members muted: by REST, and felt on the sockets that are open already."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.personas import Chat, Refused, Workspace

ROOM = "/api/v1/rooms/general"


async def test_an_archived_room_is_read_and_not_written_until_it_is_opened_again(
    workspace: Workspace,
) -> None:
    async with workspace.chat(workspace.token("bob"), process=1) as bob:
        said = await bob.say("last words")
        with workspace.api() as api, workspace.http(workspace.token("bob")) as user:
            archived = api.patch(ROOM, json={"archived": True})
            assert (archived.status_code, archived.json()["archived"]) == (200, True)
            message = f"{ROOM}/messages/{said['message_id']}"
            for refused in (
                api.post(f"{ROOM}/messages", json={"message": "x"}),
                user.patch(message, json={"message": "x"}),
                user.delete(message),
                user.put(f"{message}/reactions/x"),
            ):
                assert (refused.status_code, refused.json()["code"]) == (409, "room_archived")
            await bob.send("chat_message", message="too late")
            assert (await bob.error())["code"] == "ROOM_ARCHIVED"
            assert user.get(message).json()["message"] == "last words"
            # Whoever moderates may still take away what should not have been said.
            assert api.patch(message, json={"message": "x"}).json()["code"] == "room_archived"
            for _ in range(2):
                deleted = api.delete(message)
                assert (deleted.status_code, deleted.json().get("deleted")) == (200, True)
            await bob.until("message_deleted")
            assert api.patch(ROOM, json={"archived": False}).json()["archived"] is False
            assert (await bob.say("open again"))["seq"] == 2


async def test_slow_mode_holds_on_sockets_and_here(workspace: Workspace) -> None:
    with workspace.api() as api, workspace.http(workspace.token("bob")) as user:
        assert api.patch(ROOM, json={"slow_mode": 60}).json()["slow_mode"] == 60
        async with workspace.chat(workspace.token("bob"), process=1) as bob:
            await bob.say("one")
            await bob.send("chat_message", message="two")
            assert (await bob.error())["code"] == "SLOW_MODE"
        answer = user.post(f"{ROOM}/messages", json={"message": "two"})
        assert (answer.status_code, answer.json()["code"]) == (429, "slow_mode")
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert api.patch(ROOM, json={"slow_mode": 0}).json()["slow_mode"] == 0
        assert user.post(f"{ROOM}/messages", json={"message": "two"}).status_code == 201


def test_what_is_left_out_of_a_change_stays(workspace: Workspace) -> None:
    with workspace.api() as api:
        first = api.patch(ROOM, json={"title": " The lobby ", "slow_mode": 5, "archived": True}).json()
        assert (first["title"], first["slow_mode"], first["archived"]) == ("The lobby", 5, True)
        for nothing in ({}, {"title": None, "slow_mode": None, "archived": None}):
            answer = api.patch(ROOM, json=nothing)
            assert (answer.status_code, answer.json()) == (200, first)
        assert api.get(ROOM).json() == first
        assert api.patch(ROOM, json={"title": ""}).json()["title"] == ""


BAD_CHANGES: list[dict[str, Any]] = [
    {"title": "t" * 121},
    {"last_seq": 9},
    {"title": 5},
    {"title": "t\x00"},
    {"title": "t\ud800"},
    {"title": ["t"]},
    {"archived": "yes"},
    {"archived": 1},
    {"archived": {}},
    {"slow_mode": -1},
    {"slow_mode": 21_601},
    {"slow_mode": 1.5},
    {"slow_mode": True},
    {"slow_mode": "5"},
    {"slow_mode": 10**30},
]


@pytest.mark.parametrize("body", BAD_CHANGES, ids=lambda body: repr(body)[:40])
def test_a_bad_change_is_422_and_changes_nothing(workspace: Workspace, body: dict[str, Any]) -> None:
    with workspace.api() as api:
        before = api.get(ROOM).json()
        content = json.dumps({"title": "half of it", **body})
        answer = api.patch(ROOM, content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field"), answer.text
        assert api.get(ROOM).json() == before


@pytest.mark.parametrize("kind", ["public", "private", "direct", "support"])
async def test_a_deleted_room_closes_its_sockets_and_frees_its_name(workspace: Workspace, kind: str) -> None:
    with workspace.api() as api:
        for _ in range(2):
            assert api.post("/api/v1/rooms", json={"name": "cellar", "kind": kind}).status_code == 201
            api.put("/api/v1/rooms/cellar/members/bob").raise_for_status()
            async with (
                workspace.chat(workspace.token("bob"), "cellar") as here,
                workspace.chat(workspace.token("bob"), "cellar", process=1) as there,
                workspace.chat(workspace.token("ann"), process=1) as elsewhere,
            ):
                online = await here.entered()
                await there.entered()
                await elsewhere.entered()
                assert (online["count"], online["last_seq"], online["last_rev"]) == (1, 0, 0)
                assert [user["id"] for user in online["users"]] == ["bob"]
                await here.say("secret")
                assert api.delete("/api/v1/rooms/cellar").status_code == 204
                assert list(await asyncio.gather(here.closed(1), there.closed(1))) == [4004, 4004]
                assert (await elsewhere.say("as ever"))["message"] == "as ever"
            for answer in (
                api.get("/api/v1/rooms/cellar"),
                api.delete("/api/v1/rooms/cellar"),
                api.patch("/api/v1/rooms/cellar", json={"title": "x"}),
                api.get("/api/v1/rooms/cellar/messages"),
                api.get("/api/v1/presence/cellar"),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            with pytest.raises(Refused) as refused:
                await workspace.connect(workspace.token("bob"), "cellar", snug=False, process=1)
            assert refused.value.code == 4004


async def test_who_comes_back_to_a_room_of_the_same_name_starts_anew(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "cellar"}).raise_for_status()
        async with workspace.chat(workspace.token("bob"), "cellar") as bob:
            for text in ("one", "two", "three"):
                await bob.say(text)
        api.delete("/api/v1/rooms/cellar").raise_for_status()
        api.post("/api/v1/rooms", json={"name": "cellar"}).raise_for_status()
        api.post("/api/v1/rooms/cellar/messages", json={"message": "new"}).raise_for_status()
        async with workspace.chat(workspace.token("bob"), "cellar", query="since=3&rev=3") as bob:
            assert (await bob.entered())["last_seq"] == 1
            assert (await bob.until("history"))["messages"] == []
            assert (await bob.say("hello"))["seq"] == 2


def test_the_last_room_is_not_deleted(workspace: Workspace) -> None:
    with workspace.api() as api:
        answer = api.delete(ROOM)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_room")
        api.post("/api/v1/rooms", json={"name": "lobby"}).raise_for_status()
        assert api.delete(ROOM).status_code == 204  # general is a room like any other
        assert [room["name"] for room in api.get("/api/v1/rooms").json()["data"]] == ["lobby"]


async def test_a_mute_reaches_open_sockets_and_rest_and_is_lifted(workspace: Workspace) -> None:
    member = f"{ROOM}/members/bob"
    until = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    with workspace.api() as api, workspace.http(workspace.token("bob")) as user:
        async with workspace.chat(workspace.token("bob"), process=1) as bob:
            said = await bob.say("one")
            muted = api.put(member, json={"muted_until": until})
            assert muted.status_code == 200
            assert datetime.fromisoformat(muted.json()["muted_until"]) - datetime.fromisoformat(
                until
            ) < timedelta(milliseconds=1)
            assert api.get(member).json() == muted.json()
            path = f"{ROOM}/messages/{said['message_id']}"
            for refused in (
                user.post(f"{ROOM}/messages", json={"message": "two"}),
                user.patch(path, json={"message": "two"}),
                user.put(f"{path}/reactions/x"),
                api.post(f"{ROOM}/messages", json={"message": "two", "sub": "bob"}),
                api.put(f"{path}/reactions/x", json={"sub": "bob"}),
            ):
                assert (refused.status_code, refused.json()["code"]) == (403, "muted"), refused.text
                assert 590 < int(refused.headers["retry-after"]) <= 600
            await _until(bob, said["message_id"], "error")
            assert api.put(member, json={"role": "member"}).json()["muted_until"]  # left out: it stays
            assert api.put(member, json={"muted_until": None}).json()["muted_until"] is None
            await _until(bob, said["message_id"], "reaction")
            assert (await bob.say("two"))["seq"] == 2


def test_whoever_waits_as_long_as_they_are_told_is_let_through(workspace: Workspace) -> None:
    with workspace.api() as api, workspace.http(workspace.token("bob")) as user:
        api.patch(ROOM, json={"slow_mode": 2})
        assert user.post(f"{ROOM}/messages", json={"message": "one"}).status_code == 201
        left = 2.0
        while left > 1.45:  # a wait that is rounded down when it is rounded
            refused = user.post(f"{ROOM}/messages", json={"message": "two"})
            left = float(refused.json()["detail"].split()[-2])
            assert int(refused.headers["retry-after"]) >= left
            time.sleep(0.15)
        refused = user.post(f"{ROOM}/messages", json={"message": "two"})
        time.sleep(int(refused.headers["retry-after"]))
        assert user.post(f"{ROOM}/messages", json={"message": "two"}).status_code == 201


def test_who_is_muted_for_ever_is_told_no_time_to_wait(workspace: Workspace) -> None:
    with workspace.api() as api, workspace.http(workspace.token("bob")) as user:
        put = api.put(f"{ROOM}/members/bob", json={"muted_until": "9999-12-31T00:00:00Z"})
        assert (put.status_code, put.json()["muted_until"]) == (201, "9999-12-31T00:00:00.000Z")
        refused = user.post(f"{ROOM}/messages", json={"message": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "muted")
        assert "retry-after" not in refused.headers


def test_a_mute_that_is_over_is_none(workspace: Workspace) -> None:
    with workspace.api() as api, workspace.http(workspace.token("bob")) as user:
        put = api.put(f"{ROOM}/members/bob", json={"muted_until": "2001-01-01T02:00:00+02:00"})
        assert (put.status_code, put.json()["muted_until"]) == (201, None)
        assert user.post(f"{ROOM}/messages", json={"message": "x"}).status_code == 201


@pytest.mark.parametrize(
    "until",
    [5, True, 1.5, "", "soon", "2030-01-31", "2030-01-31T12:00:00", "2030-02-31T12:00:00Z", [], {},
     "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2030-01-31T12:00:00Z\x00", "9" * 5000],
    ids=lambda until: repr(until)[:30],
)  # fmt: skip
def test_a_moment_that_is_none_is_422_and_makes_no_member(workspace: Workspace, until: object) -> None:
    with workspace.api() as api:
        answer = api.put(f"{ROOM}/members/bob", json={"muted_until": until})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field"), answer.text
        assert api.get(f"{ROOM}/members/bob").status_code == 404


async def _until(bob: Chat, message_id: str, answer: str) -> None:
    """Try to react until that is answered so: a change comes through to the socket's process in a moment."""
    async with asyncio.timeout(2):
        while True:
            await bob.send("react", message_id=message_id, emoji="x", on=True)
            if (await bob.next())["type"] == answer:
                return
            await asyncio.sleep(0.05)
