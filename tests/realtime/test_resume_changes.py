"""Coming back to messages that have changed meanwhile."""

import socket
from typing import Any

import websockets

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


async def test_who_breaks_off_a_resume_hears_later_of_what_changed_in_its_first_pages(
    business: Workspace,
) -> None:
    last, early, late = 900, 5, 890
    fill(business, last, text="x" * 9_900)
    with socket.socket() as narrow:
        narrow.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192
        )  # so that the server has to wait with later pages
        narrow.connect(("127.0.0.1", business.ports[0]))
        narrow.setblocking(False)
        address = f"ws://{business.host}:{business.ports[0]}/ws/chat/general/?since=1&rev=1"
        slow = await websockets.connect(
            f"{address}&token={business.token('bob')}",
            sock=narrow,
            max_size=None,
            max_queue=1,
            compression=None,
        )
        bob = Chat(slow)
        stood_at = (await bob.entered())["last_rev"]
        async with business.chat(business.token("owner"), process=1) as ann:
            await ann.entered()
            for seq in (early, late):
                (message,) = rows(business, "SELECT id FROM rooms_message WHERE seq = %s", seq)
                with business.api() as api:
                    path = f"/api/v1/rooms/general/messages/{message[0]}"
                    api.patch(path, json={"message": "EDITED"}).raise_for_status()
                await ann.until("message_edited", seq=seq)
        seen, seq, rev = dict[int, str](), 1, 1
        while seq < late:
            frame = await bob.next()
            for told in [*frame.get("messages", ()), *frame.get("changed", ())] or [frame]:
                if "message_id" in told:
                    seen[told["seq"]] = told["message"]
                    seq, rev = max(seq, told["seq"]), max(rev, told["rev"])
        slow.transport.abort()
    assert (seen[early] == "EDITED", seen[late] == "EDITED") == (False, True), "the pages were read apart"
    assert rev == stood_at
    async with business.chat(business.token("bob"), query=f"since={seq}&rev={rev}") as bob:
        changed = (await resumed(bob))["changed"]
        assert [(message["seq"], message["message"]) for message in changed] == [
            (5, "EDITED"),
            (late, "EDITED"),
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
