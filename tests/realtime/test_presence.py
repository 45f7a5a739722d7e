"""Presence is of people, not of tabs."""

import asyncio
import time

from tests.personas import Chat, Workspace
from tests.realtime.backstage import shared, tenant_id_of, until


async def test_a_person_comes_once_and_goes_once_whatever_their_tabs_do(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("ann")) as ann,
        workspace.chat(workspace.token("zoe"), process=1) as zoe,
    ):
        await ann.entered()
        await zoe.entered()
        await ann.until("user_joined", user_id="zoe")
        bob = workspace.token("bob", name="Bob")

        first = await workspace.connect(bob, process=0)
        second = await workspace.connect(bob, process=1)
        assert (await first.entered())["count"] == 3
        assert (await second.entered())["count"] == 3
        for watcher in (ann, zoe):
            assert (await watcher.next())["user_id"] == "bob"

        await first.close()  # a tab closes: the other is still there
        await asyncio.sleep(0.2)
        await second.close()  # everything is gone, but for less than five seconds
        await asyncio.sleep(0.2)
        third = await workspace.connect(bob, process=0)
        assert (await third.entered())["count"] == 3
        await third.close()
        left_at = time.monotonic()

        # Not one frame of all that, until the grace for reconnects is over.
        for watcher in (ann, zoe):
            frame = await watcher.next()
            assert (frame["type"], frame["user_id"], frame["username"]) == ("user_left", "bob", "Bob")
            assert 4.9 < time.monotonic() - left_at < 7
            assert set(frame) == {"type", "room", "user_id", "username", "timestamp"}

        async with workspace.chat(bob, process=1) as again:  # and now he is new
            assert (await again.entered())["count"] == 3
            for watcher in (ann, zoe):
                assert (await watcher.next())["type"] == "user_joined"


async def test_a_page_reloaded_over_and_over_stays_counted_in(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann")) as ann:
        await ann.entered()
        bob = await workspace.connect(workspace.token("bob"))
        await bob.entered()
        await ann.until("user_joined", user_id="bob")
        for _ in range(20):  # the new page's socket opens while the old one's closes
            bob, _ = await asyncio.gather(_entered(workspace), bob.close())
        people = f"snug:t{tenant_id_of(workspace)}:room:1:people"
        now = time.time() * 1000

        score = shared().zscore(people, "bob")
        assert score is not None
        assert score > now + 20_000, "his presence was about to lapse though he is here"
        assert await ann.quiet(0.2) == []
        await bob.close()


async def test_presence_and_leases_are_given_back(workspace: Workspace) -> None:
    tenant = tenant_id_of(workspace)
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("bob"), process=1),
    ):
        await bob.entered()
        assert shared().zcard(f"snug:t{tenant}:leases") == 2
    await until(lambda: shared().zcard(f"snug:t{tenant}:leases") == 0)
    await until(lambda: shared().zcard(f"snug:t{tenant}:leases:bob") == 0)
    await until(lambda: shared().zcard(f"snug:t{tenant}:room:1:at:bob") == 0)


ODD = (
    "a b",
    "ü",
    "x:at:y",
    "*",
    "{x}",
    "\u202eabc",
    "%s%00",
    "\\",
    '"',
    "🦊" * 30,
    "-inf",
    "people",
    "١",
    "1e400",
)


async def test_odd_names_come_and_go_like_others(workspace: Workspace) -> None:
    # (One connection each: all are here at once.)
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        await ann.entered()
        chats = [await workspace.connect(workspace.token(sub, name=f"{sub} 'n'")) for sub in ODD]
        for sub, chat in zip(ODD, chats, strict=True):
            mine = {user["id"]: user["username"] for user in (await chat.entered())["users"]}
            assert mine[sub] == (await ann.until("user_joined"))["username"]
        assert [await ann.quiet(0.1)] == [[]]
        await asyncio.gather(*(chat.close() for chat in chats))
        left = [(await ann.until("user_left"))["user_id"] for _ in ODD]
        assert sorted(left) == sorted(ODD)


async def test_a_person_is_one_over_both_kinds_of_socket(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann")) as ann:
        await ann.entered()
        bob = workspace.token("bob")
        one = await workspace.connect(bob, process=0)
        await one.entered()
        assert (await ann.next())["user_id"] == "bob"
        async with workspace.chat(bob, path="/ws/", process=1) as many:
            await many.next()
            await many.send("join", room="general")
            assert (await many.until("online_users"))["count"] == 2
            await one.close()
            await asyncio.sleep(5.5)  # longer than the grace: he is still here
            await many.send("leave", room="general")
            await many.until("left")
            left_at = time.monotonic()
            frame = await ann.next()  # not one frame before
            assert (frame["type"], frame["user_id"]) == ("user_left", "bob")
            assert 4.9 < time.monotonic() - left_at < 7
            await many.send("join", room="general")  # by the same socket, he is new
            assert (await ann.next())["type"] == "user_joined"
            await many.send("leave", room="general")
            await many.until("left")
            await many.send("join", room="general")  # within the grace: silent
            await many.until("online_users")
            assert await ann.quiet(6) == []


async def _entered(workspace: Workspace) -> Chat:
    chat = await workspace.connect(workspace.token("bob"))
    await chat.entered()
    return chat
