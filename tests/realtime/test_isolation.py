"""Mallory, who owns and uses another workspace: every door first opens for the rightful one, and then not for her."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.personas import Refused, Workspace

COMMANDS: dict[str, tuple[dict[str, Any], str]] = {
    "chat_message": ({"message": "hello"}, "chat_message"),
    "history": ({}, "history"),
    "ping": ({}, "pong"),
}


async def test_no_path_opens_for_another_workspaces_people(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with elsewhere.http() as web, workspace.http() as ours:
        their_guest = web.post("/api/v1/guests", json={}).json()["token"]
        our_guest = ours.post("/api/v1/guests", json={}).json()["token"]
    with elsewhere.api() as web, workspace.api() as ours:
        their_ticket = web.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
        our_ticket = ours.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    for path in ("/ws/chat/general/", "/ws/chat/general/?since=0", "/ws/basic/"):
        place, _, query = path.partition("?")
        for rightful, mallory in (
            (workspace.token("bob"), elsewhere.token("bob")),
            (our_guest, their_guest),
            (workspace.secret, elsewhere.secret),
            (our_ticket, their_ticket),
        ):
            if "snug_tk_" in rightful and path != "/ws/chat/general/":
                continue  # it was good for one use, which it has had
            for process in (0, 1):
                if "snug_tk_" in rightful and process:
                    continue
                async with workspace.chat(rightful, path=place, query=query, process=process) as bob:
                    assert (await bob.next())["type"] in ("online_users", "connection_established")
                refused = await workspace.connect(mallory, path=place, query=query, process=process)
                assert await refused.closed() == 4001


async def test_no_command_reaches_over(workspace: Workspace, elsewhere: Workspace) -> None:
    """The same room and user names in both: nothing that Mallory does is seen here, and she sees nothing."""
    async with (
        workspace.chat(workspace.token("bob", name="Bob"), process=0) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
        elsewhere.chat(elsewhere.token("bob", name="Mallory"), process=0) as mallory,
    ):
        assert (await bob.entered())["count"] == 1
        assert (await ann.entered())["count"] == 2
        online = await mallory.entered()
        assert (online["count"], online["users"]) == (1, [{"id": "bob", "username": "Mallory"}])
        await bob.until("user_joined", user_id="ann")

        for type_, (fields, answer) in COMMANDS.items():
            for socket in (bob, mallory):
                await socket.send(type_, **fields)
                await socket.until(answer)
        await ann.until("chat_message")
        await mallory.send("typing", is_typing=True)
        await bob.send("typing", is_typing=True)
        assert (await ann.until("typing"))["username"] == "Bob"
        for socket in (bob, ann, mallory):
            assert await socket.quiet(0.2) == []

        # Numbers, ids and repeats are each workspace's own.
        first, theirs = await bob.say("ours", client_id="same"), await mallory.say("theirs", client_id="same")
        assert first["seq"] == theirs["seq"] == 2
        assert first["message_id"] != theirs["message_id"]
        await ann.until("chat_message")
        await mallory.send("chat_message", message="hello", reply_to=first["message_id"])
        assert (await mallory.error())["code"] == "INVALID_FIELD"
        await bob.send("chat_message", message="hello", reply_to=first["message_id"])
        assert (await bob.until("chat_message"))["reply_to"] == first["message_id"]
        await mallory.send("history")
        assert [m["message"] for m in (await mallory.until("history"))["messages"]] == ["hello", "theirs"]

        await mallory.send("refresh_token", token=workspace.token("bob"))
        assert (await mallory.error())["code"] == "FORBIDDEN"
        await bob.send("refresh_token", token=workspace.token("bob"))
        await bob.until("token_refreshed")


async def test_one_workspaces_crowd_takes_nothing_from_another(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    crowd = await asyncio.gather(
        *(elsewhere.connect(elsewhere.token(f"m-{n}"), process=n % 2) for n in range(100))
    )
    for n in range(20):
        await elsewhere.connect(None, path="/ws/basic/", process=n % 2)
    with pytest.raises(Refused):
        await elsewhere.connect(elsewhere.token("one-more"), snug=False)
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(None, path="/ws/basic/") as check,
    ):
        assert (await bob.entered())["count"] == 1
        assert (await check.next())["user"] is None
    await asyncio.gather(*(each.close() for each in crowd))


async def test_a_private_room_of_the_same_name_is_another_room(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    for each in (workspace, elsewhere):
        with each.api() as api:
            api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
    with elsewhere.api() as api:
        api.put("/api/v1/rooms/board/members/bob").raise_for_status()
    async with elsewhere.chat(elsewhere.token("bob"), "board") as mallory:
        await mallory.entered()
    refused = await workspace.connect(workspace.token("bob"), "board")
    assert await refused.closed() == 4003
