"""Coming back to messages that have changed meanwhile."""

from typing import Any

from tests.personas import Chat, Workspace
from tests.realtime.backstage import fill, rows


async def resumed(chat: Chat) -> dict[str, Any]:
    await chat.entered()
    return await chat.next()


async def test_older_messages_come_as_they_stand_now_if_they_have_changed(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann")) as ann:
        said = [await ann.say(text) for text in ("edited", "deleted", "liked", "as it was")]
        rev = said[-1]["rev"]
        await ann.send("edit_message", message_id=said[0]["message_id"], message="EDITED")
        await ann.send("delete_message", message_id=said[1]["message_id"])
        await ann.send("react", message_id=said[2]["message_id"], emoji="👍", on=True)
        await ann.until("reaction")
        missed = await ann.say("missed")
        await ann.send("edit_message", message_id=missed["message_id"], message="missed, and edited")
        last = (await ann.until("message_edited", message_id=missed["message_id"]))["rev"]
    async with workspace.chat(workspace.token("bob"), query=f"since=4&rev={rev}", process=1) as bob:
        frame = await resumed(bob)
        assert [message["message"] for message in frame["messages"]] == ["missed, and edited"]
        edited, deleted, liked = frame["changed"]
        assert (edited["message"], edited["rev"], edited["seq"]) == ("EDITED", rev + 1, 1)
        assert (deleted["deleted"], deleted["rev"], deleted["seq"]) == (True, rev + 2, 2)
        assert (liked["reactions"], liked["rev"]) == ([{"emoji": "👍", "count": 1}], rev + 3)
        assert last == rev + 5
    async with workspace.chat(workspace.token("bob"), query=f"since=5&rev={last}") as bob:
        frame = await resumed(bob)
        assert (frame["messages"], frame["changed"]) == ([], [])
    async with workspace.chat(workspace.token("bob"), query="since=4") as bob:
        frame = await resumed(bob)
        assert (len(frame["messages"]), frame["changed"]) == (1, [])


async def test_what_changes_while_a_long_resume_is_read_comes_before_anything_live(
    workspace: Workspace,
) -> None:
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        first = await ann.say("first")
        fill(workspace, 1200)
        async with workspace.chat(workspace.token("bob"), query=f"since=1&rev={first['rev']}") as bob:
            frame = await resumed(bob)
            assert frame["has_more"]
            await ann.send("edit_message", message_id=first["message_id"], message="FIRST")
            await ann.until("message_edited")
            await ann.say("live")
            heard = [message["seq"] for message in frame["messages"]]
            while frame["has_more"]:
                await bob.send("history", after=heard[-1], limit=100)
                frame = await bob.until("history")
                heard += [message["seq"] for message in frame["messages"]]
            later = []
            while len(heard) < 1201:
                frame = await bob.next()
                later.append(frame["type"])
                if frame["type"] == "chat_message":
                    heard.append(frame["seq"])
            if "message_edited" not in later:
                await bob.until("message_edited", message="FIRST")
            assert heard == list(range(2, 1203))
            assert (await ann.say("and on"))["seq"] == (await bob.until("chat_message", message="and on"))[
                "seq"
            ]


async def test_more_changes_than_fit_a_frame_come_page_by_page(business: Workspace) -> None:
    count = 2500
    fill(business, count, text="x" * 500)
    rows(
        business,
        "UPDATE rooms_message SET body = body || '!', rev = rev + %s, edited_at = now()",
        count,
    )
    rows(business, "UPDATE rooms_room SET last_rev = last_rev + %s", count)
    async with business.chat(business.token("bob"), query=f"since={count}&rev={count}") as bob:
        await bob.entered()
        changed = []
        while (frame := await bob.next())["type"] == "message_edited":
            changed.append(frame["rev"])
        assert frame["type"] == "history"
        assert frame["messages"] == []
        assert 0 < len(frame["changed"]) <= 1000
        changed += [message["rev"] for message in frame["changed"]]
        assert changed == list(range(count + 1, 2 * count + 1))
        assert (await bob.say("live"))["rev"] == 2 * count + 1
