"""Somebody is writing: told to others only, and not for ever."""

import time

from tests.personas import Workspace


async def test_typing_is_told_to_others_and_ends_by_itself(workspace: Workspace) -> None:
    token = workspace.token("bob", name="Bob")
    async with (
        workspace.chat(token) as bob,
        workspace.chat(token, process=1) as tab,
        workspace.chat(workspace.token("ann"), process=1) as ann,
        workspace.chat(workspace.token("zoe")) as zoe,
    ):
        for socket in (bob, tab, ann, zoe):
            await socket.entered()
        await bob.send("typing", is_typing=True)
        begun = time.monotonic()
        for watcher in (ann, zoe):
            frame = await watcher.until("typing")
            assert frame == {
                "type": "typing",
                "room": "general",
                "user_id": "bob",
                "username": "Bob",
                "is_typing": True,
            }
        await bob.send("typing", is_typing=False)
        assert (await ann.next())["is_typing"] is False
        await bob.send("typing", is_typing=True)
        assert (await ann.next())["is_typing"] is True
        begun = time.monotonic()
        assert (await ann.next())["is_typing"] is False
        assert 5.8 < time.monotonic() - begun < 7
        for mine in (bob, tab):
            assert [frame for frame in await mine.quiet(0.1) if frame["type"] == "typing"] == []


async def test_a_client_that_stutters_tires_nobody_and_is_seen_to_end(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        for _ in range(200):
            await bob.send("typing", is_typing=True)
        await bob.send("typing", is_typing=False)
        await bob.say("done")
        heard: list[bool] = []
        while (frame := await ann.next())["type"] == "typing":
            heard.append(frame["is_typing"])
        assert heard == [True] * 20 + [False]

        async with workspace.chat(workspace.token("zoe")) as zoe:  # somebody else is not concerned
            await zoe.entered()
            await zoe.send("typing", is_typing=True)
            assert (await ann.until("typing"))["user_id"] == "zoe"


async def test_who_leaves_types_no_more(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann")) as ann:
        await ann.entered()
        async with workspace.chat(workspace.token("bob"), process=1) as bob:
            await bob.entered()
            await bob.send("typing", is_typing=True)
            assert (await ann.until("typing"))["is_typing"] is True
        assert (await ann.until("typing", timeout=3))["is_typing"] is False


async def test_typing_ends_by_itself_over_many_rooms_too_and_anew_with_each_word(
    workspace: Workspace,
) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "other"}).raise_for_status()
    async with (
        workspace.chat(workspace.token("bob"), path="/ws/") as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
        workspace.chat(workspace.token("ann"), "other") as elsewhere,
    ):
        await bob.next()
        for room in ("general", "other"):
            await bob.send("join", room=room)
            await bob.until("user_joined")
        await ann.entered()
        await elsewhere.entered()
        for _ in range(3):  # still at it
            await bob.send("typing", is_typing=True, room="general")
            assert (await ann.until("typing"))["is_typing"] is True
            begun = time.monotonic()
            assert [frame for frame in await ann.quiet(2.5) if frame["type"] == "typing"] == []
        ended = await ann.until("typing")
        assert (ended["is_typing"], ended["room"], ended["user_id"]) == (False, "general", "bob")
        assert 5.8 < time.monotonic() - begun < 7

        await bob.send("typing", is_typing=True, room="general")
        assert (await ann.until("typing"))["is_typing"] is True
        await bob.send("leave", room="general")  # at once, as when a socket closes
        assert (await ann.until("typing", timeout=2))["is_typing"] is False
        # The other room heard nothing of it.
        assert [frame for frame in await elsewhere.quiet(0.1) if frame["type"] == "typing"] == []
        assert [frame for frame in await bob.quiet(0.1) if frame["type"] == "typing"] == []


async def test_another_workspaces_typing_is_not_heard(workspace: Workspace, elsewhere: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("ann")) as ann,
        workspace.chat(workspace.token("bob"), process=1) as bob,
        elsewhere.chat(elsewhere.token("mallory")) as mallory,
    ):
        for chat in (ann, bob, mallory):
            await chat.entered()
        await ann.until("user_joined", user_id="bob")
        await mallory.send("typing", is_typing=True)
        assert await ann.quiet() == []
        await bob.send("typing", is_typing=True)
        assert (await ann.until("typing"))["user_id"] == "bob"
