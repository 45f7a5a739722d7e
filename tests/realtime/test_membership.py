"""Memberships, mutes, slow mode and archives reach the sockets that are open already, on every process."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rooms.actions import change_room, mute_member
from rooms.models import Membership, Room
from tenants import directory
from tenants.context import in_tenant
from tests.personas import Refused, Workspace


async def inside(workspace: Workspace, work: Callable[..., Any], *args: Any) -> None:
    """Run `work` in the workspace's schema."""
    tenant = await directory.afind(workspace.host)
    assert tenant is not None
    await in_tenant(tenant, work, *args)


def make_room(workspace: Workspace, name: str, kind: str, *members: str) -> None:
    with workspace.api() as api:
        assert api.post("/api/v1/rooms", json={"name": name, "kind": kind}).status_code == 201
        for member in members:
            assert api.put(f"/api/v1/rooms/{name}/members/{member}").status_code == 201


@pytest.mark.parametrize("kind", ["private", "direct", "support"])
async def test_a_removed_member_is_shown_out_within_a_second_on_every_process(
    workspace: Workspace, kind: str
) -> None:
    make_room(workspace, "cellar", kind, "bob", "carol")
    async with (
        workspace.chat(workspace.token("bob"), "cellar", process=0) as here,
        workspace.chat(workspace.token("bob"), "cellar", process=1) as there,
        workspace.chat(workspace.token("bob", rooms=["cellar"]), "cellar") as vouched,
        workspace.chat(workspace.token("carol"), "cellar") as carol,
    ):
        for socket in (here, there, vouched, carol):
            await socket.entered()
        with workspace.api() as api:
            assert api.delete("/api/v1/rooms/cellar/members/bob").status_code == 204
        assert list(await asyncio.gather(here.closed(1), there.closed(1))) == [4003, 4003]
        assert (await carol.say("only us"))["message"] == "only us"
        assert (await vouched.until("chat_message"))[
            "message"
        ] == "only us"  # the tenant vouches for this one
        with pytest.raises(Refused) as refused:
            await workspace.connect(workspace.token("bob"), "cellar", snug=False)
        assert refused.value.code == 4003


@pytest.mark.parametrize("kind", ["public", "private", "direct", "support"])
async def test_a_bot_speaks_without_becoming_a_member(workspace: Workspace, kind: str) -> None:
    make_room(workspace, "cellar", kind)
    async with workspace.chat(workspace.secret, "cellar") as bot:
        await bot.entered()
        await bot.say("by a socket")
        await bot.say("once more")
    with workspace.api() as api:
        assert api.post("/api/v1/rooms/cellar/messages", json={"message": "over REST"}).status_code == 201
        assert api.get("/api/v1/rooms/cellar/members").json()["data"] == []
    async with workspace.chat(workspace.token("bob", rooms=["cellar"]), "cellar") as bob:
        await bob.entered()
        await bob.say("a person")
    with workspace.api() as api:
        members = api.get("/api/v1/rooms/cellar/members").json()["data"]
    assert [member["external_id"] for member in members] == ["bob"]


async def test_whom_a_token_vouches_for_is_a_member_again_with_the_next_message(workspace: Workspace) -> None:
    make_room(workspace, "cellar", "private", "bob")
    async with workspace.chat(workspace.token("bob", rooms=["cellar"]), "cellar") as bob:
        await bob.entered()
        with workspace.api() as api:
            assert api.delete("/api/v1/rooms/cellar/members/bob").status_code == 204
            assert api.get("/api/v1/rooms/cellar/members").json()["data"] == []
            await bob.say("still here")
            members = api.get("/api/v1/rooms/cellar/members").json()["data"]
    assert [member["external_id"] for member in members] == ["bob"]


async def test_a_room_that_goes_takes_its_sockets_with_it(workspace: Workspace) -> None:
    make_room(workspace, "cellar", "private", "bob")

    def remove() -> None:
        from rooms import access

        room = Room.objects.get(name="cellar")
        id_ = room.pk
        room.delete()
        access.forget_everywhere(id_)

    async with workspace.chat(workspace.token("bob"), "cellar", process=1) as bob:
        await bob.entered()
        await inside(workspace, remove)
        assert await bob.closed(2) == 4004


async def test_an_archived_room_is_read_and_not_written(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        said = await bob.say("last words")
        await inside(workspace, lambda: change_room(Room.objects.get(), archived=True).pk)
        for command in (
            {"message": "too late"},
            {"type_": "edit_message", "message_id": said["message_id"], "message": "other words"},
            {"type_": "delete_message", "message_id": said["message_id"]},
            {"type_": "react", "message_id": said["message_id"], "emoji": "👍", "on": True},
        ):
            await bob.send(**{"type_": "chat_message", **command})
            assert (await bob.error())["code"] == "ROOM_ARCHIVED"
        await bob.send("read", seq=1)
        await bob.until("read")
    async with workspace.chat(workspace.token("carol"), process=1) as carol:
        await carol.entered()
        await carol.send("history")
        assert [message["message"] for message in (await carol.until("history"))["messages"]] == [
            "last words"
        ]
        await inside(workspace, lambda: change_room(Room.objects.get(), archived=False).pk)
        assert (await carol.say("open again"))["seq"] == 2


async def test_an_archived_room_is_tidied_by_whoever_moderates_it(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.put("/api/v1/rooms/general/members/mo", json={"role": "moderator"})
    async with (
        workspace.chat(workspace.token("bob"), process=1) as bob,
        workspace.chat(workspace.token("mo")) as mo,
    ):
        said, kept = await bob.say("an insult"), await bob.say("a farewell")
        await inside(workspace, lambda: change_room(Room.objects.get(), archived=True).pk)
        await bob.send("delete_message", message_id=said["message_id"])
        assert (await bob.error())["code"] == "ROOM_ARCHIVED"
        for _ in range(2):  # the second is a repeat
            await mo.send("delete_message", message_id=said["message_id"], ref=1)
            assert (await mo.until("message_deleted"))["ref"] == 1
        assert (await bob.until("message_deleted"))["rev"] == 3
        for command in (
            {"message": "too late"},
            {"type_": "edit_message", "message_id": kept["message_id"], "message": "other words"},
            {"type_": "react", "message_id": kept["message_id"], "emoji": "👍", "on": True},
        ):
            await mo.send(**{"type_": "chat_message", **command})
            assert (await mo.error())["code"] in ("ROOM_ARCHIVED", "FORBIDDEN")
        await mo.send("react", message_id=said["message_id"], emoji="👍", on=True)
        assert (await mo.error())["code"] == "ROOM_ARCHIVED"


async def test_a_muted_member_reads_and_does_not_write(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob"), process=1) as bob:
        said = await bob.say("one", client_id="first")

        def mute(until: datetime | None) -> None:
            mute_member(Membership.objects.get(member__external_id="bob"), until)

        await inside(workspace, mute, datetime.now(UTC) + timedelta(minutes=5))
        for _ in range(100):  # until the mute has come through
            await bob.send("react", message_id=said["message_id"], emoji="👍", on=True)
            frame = await bob.next()
            if frame["type"] == "error":
                break
            await asyncio.sleep(0.02)
        assert frame["error"]["code"] == "MUTED"
        assert 290 < frame["retry_after"] <= 300
        await bob.send("chat_message", message="two")
        assert (await bob.error())["code"] == "MUTED"
        await bob.send("chat_message", message="one", client_id="first")  # a repeat is answered all the same
        assert (await bob.until("chat_message"))["seq"] == 1
        await inside(workspace, mute, None)
        async with asyncio.timeout(2):
            while True:
                await bob.send("chat_message", message="three", client_id="third")
                if (await bob.next())["type"] == "chat_message":
                    break


async def test_slow_mode_gives_everyone_turns(workspace: Workspace) -> None:
    make_room(workspace, "slow", "public")
    await inside(workspace, lambda: change_room(Room.objects.get(name="slow"), slow_mode=2).pk)
    async with (
        workspace.chat(workspace.token("bob"), "slow") as bob,
        workspace.chat(workspace.token("bob"), "slow", process=1) as other_tab,
        workspace.chat(workspace.token("carol"), "slow") as carol,
    ):
        first = await bob.say("one", client_id="1")
        await other_tab.until("chat_message")
        await other_tab.send("chat_message", message="two")
        refused = await other_tab.until("error")
        assert refused["error"]["code"] == "SLOW_MODE"
        assert 0 < refused["retry_after"] <= 2
        assert (await bob.say("one", client_id="1"))["seq"] == first["seq"]  # a repeat takes no turn
        assert (await carol.say("mine"))["seq"] == 2
        await asyncio.sleep(refused["retry_after"] + 0.1)  # the time that the server said
        assert (await other_tab.say("two"))["seq"] == 3
        with workspace.api() as api:
            api.patch("/api/v1/rooms/slow", json={"slow_mode": 600})
            await carol.until("room_updated", slow_mode=600)
            await carol.say("before a long wait")
            api.patch("/api/v1/rooms/slow", json={"slow_mode": 1})
            await carol.until("room_updated", slow_mode=1)
        await carol.send("chat_message", message="and now")
        assert (await carol.until("error"))["retry_after"] <= 1  # as the room is now, not as it was


async def test_whoever_cannot_write_is_not_seen_typing(workspace: Workspace) -> None:
    make_room(workspace, "quiet", "public", "bob")
    async with (
        workspace.chat(workspace.token("bob"), "quiet") as bob,
        workspace.chat(workspace.token("carol"), "quiet") as carol,
    ):
        await bob.entered()
        await carol.entered()
        await bob.send("typing", is_typing=True)
        await carol.until("typing", user_id="bob", is_typing=True)
        await bob.send("typing", is_typing=False)
        await carol.until("typing", user_id="bob", is_typing=False)
        with workspace.api() as api:
            until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
            answer = api.put("/api/v1/rooms/quiet/members/bob", json={"muted_until": until})
            assert answer.status_code == 200, answer.text
        async with asyncio.timeout(2):
            while True:  # until the mute has come through
                await bob.send("chat_message", message=" x")
                if (await bob.next())["type"] == "error":
                    break
        await carol.quiet()
        await bob.send("typing", is_typing=True)
        assert [frame for frame in await carol.quiet() if frame["type"] == "typing"] == []


async def test_whoever_is_in_a_room_is_told_how_it_stands_now(workspace: Workspace) -> None:
    make_room(workspace, "hall", "public", "bob")
    async with (
        workspace.chat(workspace.token("bob"), "hall", process=1) as bob,
        workspace.chat(workspace.token("carol"), "hall") as carol,
    ):
        online = await bob.entered()
        as_it_was = {"title": "", "archived": False, "slow_mode": 0, "may_moderate": False}
        assert {name: online[name] for name in as_it_was} == as_it_was
        assert "muted_until" not in online
        await carol.entered()
        with workspace.api() as api:
            api.patch("/api/v1/rooms/hall", json={"title": "The hall", "slow_mode": 5})
            told = {"type": "room_updated", "room": "hall", **as_it_was, "title": "The hall", "slow_mode": 5}
            assert await bob.until("room_updated") == told
            assert await carol.until("room_updated") == told
            api.patch("/api/v1/rooms/hall", json={"archived": True})
            assert (await bob.until("room_updated"))["archived"] is True
            assert (await carol.until("room_updated"))["archived"] is True
            api.patch("/api/v1/rooms/hall", json={"archived": False})
            api.put("/api/v1/rooms/hall/members/bob", json={"role": "moderator"})
            assert (await bob.until("room_updated", archived=False))["may_moderate"] is False
            assert (await bob.until("room_updated"))["may_moderate"] is True
            until = "2099-01-01T00:00:00.000Z"
            api.put("/api/v1/rooms/hall/members/bob", json={"muted_until": until})
            assert (await bob.until("room_updated"))["muted_until"] == until
        theirs = [frame for frame in await carol.quiet() if frame["type"] == "room_updated"]
        assert [frame["archived"] for frame in theirs] == [False]  # and nothing of what concerns bob alone
