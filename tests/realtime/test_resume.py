"""Coming back: what was missed, exactly once and in order, then live."""

import asyncio
from typing import Any

import pytest

from tests.personas import Workspace
from tests.realtime.backstage import fill
from tests.realtime.conftest import Inside, entered, next_of


@pytest.mark.parametrize(
    ("since", "expected"), [(0, range(1, 11)), (7, range(8, 11)), (10, range(0)), (99, range(0))]
)
async def test_a_client_gets_what_came_after_since(workspace: Workspace, since: int, expected: range) -> None:
    fill(workspace, 10)
    async with workspace.chat(workspace.token("bob"), query=f"since={since}&rev={since}") as bob:
        assert (await bob.entered())["last_seq"] == 10
        resumed = await bob.next()
        assert [message["seq"] for message in resumed.pop("messages")] == list(expected)
        assert resumed == {
            "type": "history",
            "room": "general",
            "changed": [],
            "from_resume": True,
            "has_more": False,
        }
        assert (await bob.say("live"))["seq"] == 11


async def test_without_since_nothing_is_resumed(workspace: Workspace) -> None:
    fill(workspace, 10)
    async with workspace.chat(workspace.token("bob"), query="rev=3") as bob:
        await bob.entered()
        assert await bob.quiet(0.2) == []
    async with workspace.chat(workspace.token("bob"), path="/ws/") as bob:
        await bob.send("join", room="general", rev=3)
        await bob.until("user_joined")
        assert await bob.quiet(0.2) == []


async def test_a_thousand_missed_come_at_once(workspace: Workspace) -> None:
    fill(workspace, 1000)
    async with workspace.chat(workspace.token("bob"), query="since=0") as bob:
        await bob.entered()
        resumed = await bob.next()
        assert [message["seq"] for message in resumed["messages"]] == list(range(1, 1001))
        assert resumed["has_more"] is False


async def test_more_than_a_thousand_are_drained_before_anything_live(workspace: Workspace) -> None:
    fill(workspace, 1150)
    async with (
        workspace.chat(workspace.token("bob"), query="since=0") as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        resumed = await bob.next()
        assert resumed["has_more"] is True
        heard = [message["seq"] for message in resumed["messages"]]
        assert heard == list(range(1, 1001))

        await ann.say("while bob is still reading")
        assert [frame for frame in await bob.quiet(0.2) if frame["type"] == "chat_message"] == []
        while True:
            await bob.send("history", after=heard[-1], limit=60)
            page = await bob.next()
            assert page["type"] == "history", page
            heard += [message["seq"] for message in page["messages"]]
            if not page["has_more"]:
                break
        await ann.say("and now live")
        while heard[-1] < 1152:
            heard.append((await bob.until("chat_message"))["seq"])
        assert heard == list(range(1, 1153))


async def test_a_client_that_keeps_coming_back_misses_nothing_and_hears_nothing_twice(pro: Workspace) -> None:
    total = 160

    async def talk(number: int) -> None:
        async with pro.chat(pro.token(f"sender-{number}"), process=number % 2) as chat:
            await chat.entered()
            for n in range(total // 4):
                await chat.say(f"{number}:{n}")

    async def listen() -> list[int]:
        heard: list[int] = []
        process = 0
        while len(heard) < total:
            process = 1 - process
            last = heard[-1] if heard else 0
            async with pro.chat(pro.token("bob"), process=process, query=f"since={last}&rev={last}") as bob:
                await bob.entered()
                for _ in range(6):
                    frame = await bob.next()
                    heard += _seqs(frame)
                    if len(heard) >= total:
                        break
        return heard

    heard, *_ = await asyncio.gather(listen(), *(talk(n) for n in range(4)))
    assert heard == list(range(1, total + 1))


@pytest.mark.parametrize(
    "query", ["since=x", "since=-1", "since=1.5", "since=%00", "since=1&rev=x", "since=" + "9" * 19]
)
async def test_a_malformed_since_is_refused(workspace: Workspace, query: str) -> None:
    chat = await workspace.connect(workspace.token("bob"), query=query)
    assert await chat.closed() == 4000


async def test_a_resume_of_long_messages_goes_on_beyond_its_first_frame_by_itself(
    business: Workspace,
) -> None:
    fill(business, 250, text="x" * 10_000)
    async with business.chat(business.token("bob"), query="since=0") as bob:
        await bob.entered()
        frame = await bob.next()
        heard = _seqs(frame)
        assert (frame["has_more"], len(heard) < 250) == (False, True)
        while len(heard) < 250:
            heard += _seqs(await bob.next())
        assert heard == list(range(1, 251))
        assert (await bob.say("live"))["seq"] == 251


async def test_what_the_drain_has_shown_does_not_come_again_when_its_publish_was_slow(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.hub import hub

    fill(workspace, 1100)
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}&since=0")
    await entered(bob)
    heard = [message["seq"] for message in (await next_of(bob, "history"))["messages"]]

    # From here on this process hears of other processes' messages late.
    late: list[tuple[str, dict[str, Any]]] = []
    here = await hub()
    receive = here.receive
    monkeypatch.setattr(here, "receive", lambda group, event: late.append((group, event)))
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        await ann.entered()
        await ann.say("committed, and not yet heard of here")
    page: dict[str, Any] = {"has_more": True}
    while page["has_more"]:
        await bob.send_json_to({"type": "history", "after": heard[-1], "limit": 100})
        page = await next_of(bob, "history")
        heard += [message["seq"] for message in page["messages"]]
    monkeypatch.undo()
    for group, event in late:
        receive(group, event)
    while heard[-1] < 1101:
        heard.append((await next_of(bob, "chat_message"))["seq"])
    assert heard == list(range(1, 1102))
    assert await bob.receive_nothing(0.3)


def _seqs(frame: dict[str, Any]) -> list[int]:
    if frame["type"] == "history":
        return [message["seq"] for message in frame["messages"]]
    return [frame["seq"]] if frame["type"] == "chat_message" else []
