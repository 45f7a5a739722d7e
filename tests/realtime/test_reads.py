"""How far somebody has read: told to everyone, kept for good, and never taken back."""

from tests.personas import Workspace


async def test_everyone_hears_how_far_somebody_has_read_and_they_what_is_left(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol"), process=1) as carol,
        workspace.chat(workspace.token("carol")) as other_tab,
    ):
        await carol.entered()
        await other_tab.entered()
        for text in ("one", "two", "three"):
            await bob.say(text)
        await carol.until("chat_message", message="three")
        await carol.send("read", seq=2)
        assert await bob.until("read") == {"type": "read", "room": "general", "user_id": "carol", "seq": 2}
        for tab in (carol, other_tab):
            assert await tab.until("unread") == {"type": "unread", "room": "general", "count": 1}
        await carol.send("read", seq=1, ref="back")  # never backwards
        assert await carol.until("unread") == {"type": "unread", "room": "general", "count": 1, "ref": "back"}
        assert "unread" not in [frame["type"] for frame in await bob.quiet()]


async def test_nobody_reads_what_nobody_has_said(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.say("one")
        await bob.send("read", seq=2)
        assert (await bob.error())["code"] == "INVALID_FIELD"
        for nonsense in (-1, "1", 1.5, None, 2**63):
            await bob.send("read", seq=nonsense)
            assert (await bob.error())["code"] == "INVALID_FIELD"
        await bob.send("read", seq=1)
        assert (await bob.until("unread"))["count"] == 0


async def test_ones_own_and_deleted_messages_are_not_unread(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol")) as carol,
    ):
        await carol.entered()
        first = await bob.say("one")
        await bob.say("two")
        await carol.say("three")
        await bob.send("delete_message", message_id=first["message_id"])
        await carol.until("message_deleted")
        await carol.send("read", seq=0)
        assert (await carol.until("unread"))["count"] == 1


async def test_a_bot_may_say_how_far_it_has_read(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.secret) as bot:
        await bot.entered()
        await bob.say("one")
        await bot.send("read", seq=1)
        reader = f"bot:{workspace.key_id}"
        assert await bob.until("read") == {"type": "read", "room": "general", "user_id": reader, "seq": 1}
        assert (await bot.until("unread"))["count"] == 0
