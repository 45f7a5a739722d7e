"""Whoever comes in hears of everyone who comes after them, however long their own coming in takes."""

import asyncio
from typing import Any

import pytest

from tests.personas import Chat, Workspace
from tests.realtime.backstage import fill
from tests.realtime.conftest import Inside, entered, next_of
from tests.within import within


async def test_who_comes_while_a_resume_is_read_is_told_after_it(workspace: Workspace) -> None:
    fill(workspace, 1050)
    async with workspace.chat(workspace.token("bob"), query="since=0") as bob:
        await bob.entered()
        page = await bob.next()
        assert page["has_more"]
        async with workspace.chat(workspace.token("ann"), process=1) as ann:
            await ann.entered()
            assert [frame["type"] for frame in await bob.quiet()] == []
            await bob.send("history", after=1000, limit=100)
            await bob.until("history")
            assert (await bob.until("user_joined"))["user_id"] == "ann"


async def test_who_comes_between_the_count_and_the_entry_is_told(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.hub import hub

    here = await hub()
    enter, receive = here.attendance.enter, here.receive
    heard_of_ann = asyncio.Event()
    ann: list[Chat] = []

    def noting(group: str, event: dict[str, Any]) -> None:
        receive(group, event)
        if event["type"] == "fleeting":
            heard_of_ann.set()

    async def overtaken(*arguments: Any) -> Any:
        arrival = await enter(*arguments)
        monkeypatch.setattr(here, "receive", noting)
        ann.append(await workspace.connect(workspace.token("ann")))
        await within(heard_of_ann.wait(), 5)  # bob is counted in, and not yet in the room
        return arrival

    monkeypatch.setattr(here.attendance, "enter", overtaken)
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    online = await entered(bob)
    assert [user["id"] for user in online["users"]] == ["bob"]
    assert (await next_of(bob, "user_joined"))["user_id"] == "ann"
    await ann[0].close()
