"""Paging through what was said."""

from typing import Any

from tests.personas import Chat, Workspace
from tests.realtime.backstage import fill, rows


async def test_pages_are_exclusive_ascending_and_say_whether_there_is_more(workspace: Workspace) -> None:
    fill(workspace, 120)
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        for asked, expected, more in (
            ({}, range(71, 121), True),
            ({"limit": 100}, range(21, 121), True),
            ({"limit": 1}, range(120, 121), True),
            ({"before": 71}, range(21, 71), True),
            ({"before": 21, "limit": 100}, range(1, 21), False),
            ({"before": 51}, range(1, 51), False),
            ({"before": 1}, range(0), False),
            ({"before": 0}, range(0), False),
            ({"after": 0}, range(1, 51), True),
            ({"after": 100, "limit": 20}, range(101, 121), False),
            ({"after": 100, "limit": 19}, range(101, 120), True),
            ({"after": 120}, range(0), False),
            ({"after": 10**12}, range(0), False),
            ({"before": 10**12, "limit": 2}, range(119, 121), True),
        ):
            page = await _history(bob, **asked)
            assert set(page) == {"type", "room", "messages", "has_more", "oldest_seq"}
            assert [message["seq"] for message in page["messages"]] == list(expected), asked
            assert page["has_more"] is more, asked
            assert page["oldest_seq"] == 1


async def test_the_asker_alone_is_answered(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.token("ann")) as ann:
        await bob.entered()
        await ann.entered()
        await bob.until("user_joined", user_id="ann")
        await _history(bob)
        assert await ann.quiet(0.1) == []


async def test_history_shows_a_message_as_it_was_live(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob", name="Bob")) as bob:
        await bob.entered()
        live = await bob.say("hello", client_id="c-1")
        answer = await bob.say("to that", reply_to=live["message_id"])
        assert [{"type": "chat_message"} | message for message in (await _history(bob))["messages"]] == [
            live,
            answer,
        ]


async def test_an_empty_room_has_an_empty_history(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        page = await _history(bob)
        assert (page["messages"], page["has_more"], page["oldest_seq"]) == ([], False, 0)


async def test_the_plan_decides_how_far_back_it_goes(workspace: Workspace, business: Workspace) -> None:
    for plan, oldest in ((workspace, 6), (business, 1)):
        fill(plan, 10)
        rows(plan, "UPDATE rooms_message SET created_at = now() - interval '31 days' WHERE seq <= 5")
        async with plan.chat(plan.token("bob"), query="since=0") as bob:
            await bob.entered()
            resumed = await bob.until("history")
            assert [message["seq"] for message in resumed["messages"]] == list(range(oldest, 11))
            page = await _history(bob, before=8)
            assert [message["seq"] for message in page["messages"]] == list(range(oldest, 8))
            assert (page["oldest_seq"], page["has_more"]) == (oldest, False)
            assert (await bob.say("hello"))["seq"] == 11  # what is forgotten keeps its place


async def test_a_page_of_long_messages_ends_where_clients_would_refuse_the_frame(business: Workspace) -> None:
    fill(business, 100, text="\x01" * 10_000)  # six bytes each in JSON
    async with business.chat(business.token("bob")) as bob:
        await bob.entered()
        found: list[int] = []
        while len(found) < 100:
            page = await _history(bob, before=found[0] if found else 101, limit=100)
            found = [message["seq"] for message in page["messages"]] + found
            assert page["messages"]
            assert page["has_more"] is (len(found) < 100)
        assert found == list(range(1, 101))


async def _history(chat: Chat, **fields: Any) -> dict[str, Any]:
    await chat.send("history", **fields)
    frame = await chat.next()
    assert frame["type"] == "history", frame
    return frame
