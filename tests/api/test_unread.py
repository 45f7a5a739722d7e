"""How much there is to read in each of a user's rooms."""

from __future__ import annotations

from typing import Any

from tests.personas import Workspace
from tests.realtime.backstage import fill
from tests.tenants.test_hosts import signed_in


def unread(workspace: Workspace, credential: str) -> dict[str, Any]:
    with workspace.http(credential) as client:
        rooms = client.get("/api/v1/rooms").json()["data"]
        for room in rooms:
            assert client.get(f"/api/v1/rooms/{room['name']}").json() == room
    return {room["name"]: room["unread"] for room in rooms}


async def test_what_others_have_said_since_is_unread(workspace: Workspace) -> None:
    bob, ann = workspace.token("bob"), workspace.token("ann")
    async with workspace.chat(bob) as tab, workspace.chat(ann, process=1) as other:
        first = await other.say("one")
        await tab.until("chat_message")
        await tab.send("read", seq=1)
        await tab.until("unread", count=0)
        assert unread(workspace, bob) == {"general": 0}
        second = await other.say("two")
        await other.say("three")
        await tab.say("my own")
        assert unread(workspace, bob) == {"general": 2}
        await other.send("delete_message", message_id=second["message_id"])
        await tab.until("message_deleted")
        assert unread(workspace, bob) == {"general": 1}
        await tab.send("read", seq=4, ref=1)
        assert (await tab.until("unread", ref=1))["count"] == 0
        assert unread(workspace, bob) == {"general": 0}
        assert first["seq"] == 1


def test_a_room_meant_for_somebody_is_unread_before_they_first_look_and_a_public_one_is_not(
    workspace: Workspace,
) -> None:
    with workspace.api() as api:
        for name, kind in (("lobby", "public"), ("vault", "private"), ("order", "support")):
            api.post("/api/v1/rooms", json={"name": name, "kind": kind}).raise_for_status()
            for _ in range(2):
                api.post(f"/api/v1/rooms/{name}/messages", json={"message": "x"}).raise_for_status()
        api.put("/api/v1/rooms/vault/members/bob").raise_for_status()
    assert unread(workspace, workspace.token("bob")) == {"general": 0, "lobby": 0, "vault": 2}
    assert unread(workspace, workspace.token("bob", rooms=["order", "lobby"])) == {"lobby": 0, "order": 2}


def test_it_is_counted_up_to_a_thousand(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "vault", "kind": "private"}).raise_for_status()
        api.put("/api/v1/rooms/vault/members/bob").raise_for_status()
    fill(workspace, 1_005, "vault")
    assert unread(workspace, workspace.token("bob"))["vault"] == 1_000


def test_a_key_reads_nothing_and_staff_do(workspace: Workspace) -> None:
    assert unread(workspace, workspace.secret) == {"general": None}
    with workspace.http() as client:
        rooms = client.get("/api/v1/rooms", headers=signed_in(workspace)).json()["data"]
    assert [room["unread"] for room in rooms] == [0]


async def test_the_same_reader_elsewhere_has_read_nothing_of_it(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    for place in (workspace, elsewhere):
        with place.api() as api:
            api.post("/api/v1/rooms", json={"name": "vault", "kind": "private"}).raise_for_status()
            api.put("/api/v1/rooms/vault/members/bob").raise_for_status()
            api.post("/api/v1/rooms/vault/messages", json={"message": "x"}).raise_for_status()
    async with workspace.chat(workspace.token("bob"), "vault") as bob:
        await bob.entered()
        await bob.send("read", seq=1)
        await bob.until("unread")
    assert unread(workspace, workspace.token("bob"))["vault"] == 0
    assert unread(elsewhere, elsewhere.token("bob"))["vault"] == 1


async def test_whoever_comes_later_can_ask_who_has_read_how_far(workspace: Workspace) -> None:
    bob, ann = workspace.token("bob"), workspace.token("ann")
    path = "/api/v1/rooms/board/receipts"
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
        for sub in ("bob", "ann"):
            api.put(f"/api/v1/rooms/board/members/{sub}").raise_for_status()
    async with workspace.chat(bob, "board") as tab, workspace.chat(ann, "board", process=1) as other:
        for text in ("one", "two"):
            await other.say(text)
        for chat, seq in ((tab, 1), (other, 2), (tab, 2)):
            await chat.send("read", seq=seq, ref=seq)
            await chat.until("unread", ref=seq)
    with workspace.http(bob) as client, workspace.http(workspace.token("carol")) as stranger:
        first = client.get(f"{path}?limit=1").json()
        rest = client.get(f"{path}?cursor={first['next']}").json()
        assert [(each["user_id"], each["seq"]) for each in first["data"] + rest["data"]] == [
            ("bob", 2),
            ("ann", 2),
        ]
        assert rest["next"] is None
        assert stranger.get(path).status_code == 403
