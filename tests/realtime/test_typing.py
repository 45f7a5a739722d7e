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
