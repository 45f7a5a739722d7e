"""The sums that a message carries of its reactions: right whoever comes when, and never counted anew."""

from __future__ import annotations

import asyncio

from tests.personas import Workspace
from tests.realtime.backstage import rows

PATH = "/api/v1/rooms/general/messages"
EMOJI = ("👍", "🎉", "❤️")

COUNTED = """
    SELECT coalesce(jsonb_object_agg(emoji, n), '{}')
    FROM (SELECT emoji, count(*) AS n FROM rooms_reaction WHERE message_id = %s GROUP BY emoji) s
"""


async def test_many_who_react_and_take_back_at_once_leave_the_sums_that_counting_gives(
    workspace: Workspace,
) -> None:
    with workspace.api() as api:
        id_ = api.post(PATH, json={"message": "hello"}).json()["message_id"]

    async def play(number: int) -> None:
        async with workspace.chat(workspace.token(f"u{number}"), process=number % 2) as chat:
            for step in range(9):
                emoji, on = EMOJI[(number + step) % 3], step % 3 != number % 3
                await chat.send("react", message_id=id_, emoji=emoji, on=on, ref=step)
            await chat.send("history", ref="last")
            await chat.until("history", ref="last")

    await asyncio.gather(*(play(number) for number in range(9)))
    with workspace.api() as api:
        sums = {each["emoji"]: each["count"] for each in api.get(f"{PATH}/{id_}").json()["reactions"]}
    assert rows(workspace, COUNTED, id_) == [(sums,)]
    assert sums


async def test_an_emoji_that_all_have_taken_back_is_gone_and_comes_back_last(workspace: Workspace) -> None:
    with workspace.api() as api:
        id_ = api.post(PATH, json={"message": "hello"}).json()["message_id"]
    async with workspace.chat(workspace.token("ann")) as ann:
        for emoji, on in (
            ("👍", True),
            ("🎉", True),
            ("👍", True),
            ("👍", False),
            ("👍", False),
            ("👍", True),
        ):
            await ann.send("react", message_id=id_, emoji=emoji, on=on, ref="r")
            await ann.until("reaction", ref="r")
    with workspace.api() as api:
        reactions = api.get(f"{PATH}/{id_}").json()["reactions"]
    assert reactions == [{"emoji": "🎉", "count": 1}, {"emoji": "👍", "count": 1}]
