"""Above a hundred people in a room nobody is told of each one who comes or goes, only of how many."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.personas import Chat, Workspace
from tests.realtime.backstage import shared, tenant_id_of, until

Frame = dict[str, Any]
NAMED = 100


class Watcher:
    """Somebody who was there before, and notes what they hear of others."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.present = 1  # when the watch began
        self.heard: list[Frame] = []
        self._changed = asyncio.Event()

    async def watch(self) -> None:
        async for text in self.chat.connection:
            self.heard.append(json.loads(text))
            self._changed.set()

    @property
    def count(self) -> int:
        """How many are here, for whoever counts along."""
        joined, left = self.named("user_joined"), self.named("user_left")
        return self.present + len(joined) - len(left) + self.total("joined") - self.total("left")

    async def sees(self, count: int) -> None:
        """Wait until so many people are here, as far as they were told, and agree with the last sum."""
        async with asyncio.timeout(30):
            while self.count != count or self.heard[-1].get("count", count) != count:
                self._changed.clear()
                await self._changed.wait()

    def named(self, type_: str) -> list[str]:
        return [frame["user_id"] for frame in self.heard if frame["type"] == type_]

    def total(self, field: str) -> int:
        return sum(frame[field] for frame in self.merged)

    @property
    def merged(self) -> list[Frame]:
        return [frame for frame in self.heard if frame["type"] == "presence"]


@asynccontextmanager
async def watching(workspace: Workspace, *names: str) -> AsyncIterator[list[Watcher]]:
    """Watchers, one on each process in turn."""
    watchers = []
    for n, name in enumerate(names):
        chat = await workspace.connect(workspace.token(name), process=n % 2)
        await chat.entered()
        watchers.append(Watcher(chat))
        for other in watchers[:-1]:
            await other.chat.until("user_joined", user_id=name)
    for watcher in watchers:
        watcher.present = len(watchers)
    tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    try:
        yield watchers
    finally:
        await gone(watcher.chat for watcher in watchers)
        await asyncio.gather(*tasks)


async def come(workspace: Workspace, names: Iterable[str]) -> list[Chat]:
    """All of them, at once, over both processes."""
    return await asyncio.gather(
        *(workspace.connect(workspace.token(name), process=n % 2) for n, name in enumerate(names))
    )


async def gone(chats: Iterable[Chat]) -> None:
    await asyncio.gather(*(chat.close() for chat in chats))


async def test_a_crowd_is_told_in_sums_of_which_none_is_lost(business: Workspace) -> None:
    async with watching(business, "ann", "zoe") as watchers:
        begun = time.monotonic()
        chats = await come(business, [f"u{n}" for n in range(148)])
        for watcher in watchers:
            await watcher.sees(150)

        # Whoever comes or reloads now finds at most a hundred names, and everyone counted.
        again = await business.connect(business.token("u7"), process=1)
        online = await again.entered()
        assert (len(online["users"]), online["count"]) == (NAMED, 150)
        await gone([again])
        for watcher in watchers:
            named, merged = watcher.named("user_joined"), watcher.merged
            # The first hundred by name, each once; the rest in sums.
            assert len(named) == len(set(named)) == NAMED - 2
            assert watcher.total("joined") == 50
            assert watcher.total("left") == 0
            for frame in merged:
                assert set(frame) == {"type", "room", "joined", "left", "count"}
                assert frame["room"] == "general"

        # A reconnect within five seconds is silent here too: fifty go, twenty of them come back.
        await gone(chats[:50])
        back = await come(business, [f"u{n}" for n in range(20)])
        for watcher in watchers:
            await watcher.sees(120)
            assert watcher.total("joined") == 50
            assert watcher.total("left") == 30
            assert watcher.named("user_left") == []

        # All leave: everyone is accounted for, whichever way it was told.
        await gone([*back, *chats[50:]])
        for watcher in watchers:
            await watcher.sees(2)
            joined, left = watcher.named("user_joined"), watcher.named("user_left")
            assert len(joined) + watcher.total("joined") == 148
            assert len(left) + watcher.total("left") == 148
            assert len(watcher.merged) <= time.monotonic() - begun + 1


async def test_the_hundredth_is_named_and_the_next_is_counted(business: Workspace) -> None:
    async with watching(business, "ann", "zoe") as watchers:
        chats = await come(business, [f"u{n}" for n in range(97)])
        for watcher in watchers:
            await watcher.sees(99)
        chats += await come(business, ["hundredth"])
        for watcher in watchers:
            await watcher.sees(100)
            assert watcher.merged == []
            assert watcher.heard[-1]["user_id"] == "hundredth"
        for _ in range(2):  # out over the edge and back in, told in the same way
            crowd = await business.connect(business.token("one-more"))
            # The one who comes is told of themself by name, as in any room.
            online = await crowd.next()
            assert (online["count"], len(online["users"])) == (101, NAMED)
            assert (await crowd.next())["user_id"] == "one-more"
            for watcher in watchers:
                await watcher.sees(101)
                assert {**watcher.heard[-1]} | {"type": "presence", "joined": 1, "left": 0} == watcher.heard[
                    -1
                ]
            await crowd.close()
            for watcher in watchers:
                await watcher.sees(100)
                assert {**watcher.heard[-1]} | {"type": "presence", "joined": 0, "left": 1} == watcher.heard[
                    -1
                ]
        # A hundred are no crowd any more: names again.
        await gone([chats.pop()])
        for watcher in watchers:
            await watcher.sees(99)
            assert watcher.named("user_left") == ["hundredth"]
        await gone(chats)


async def test_what_a_crowd_had_been_told_is_put_right_when_redis_forgot(business: Workspace) -> None:
    async with watching(business, "ann", "zoe") as watchers:
        chats = await come(business, [f"u{n}" for n in range(110)])
        for watcher in watchers:
            await watcher.sees(112)
        prefix = f"snug:t{tenant_id_of(business)}:room:*"
        keys = list(shared().scan_iter(prefix, count=1000))
        assert len(keys) > 110
        shared().delete(*keys)
        # Whatever was told meanwhile, the next renewals bring everyone back and say how many they are.
        async with asyncio.timeout(20):
            while watchers[0].merged[-1]["count"] != 112 or watchers[0].merged[-1]["joined"] != 0:
                await asyncio.sleep(0.05)
        assert watchers[0].named("user_left") == []
        await gone(chats)


@pytest.fixture
async def room(business: Workspace) -> AsyncIterator[tuple[int, int]]:
    """A tenant and a room that only Redis knows."""
    from realtime import store

    yield tenant_id_of(business), 4711
    await store.close()


async def test_only_one_of_many_processes_is_given_the_sums_to_tell(room: tuple[int, int]) -> None:
    from realtime import presence

    begun = time.monotonic()
    arrivals = [await presence.enter(*room, f"u{n}", "", f"process-{n % 7}") for n in range(300)]
    assert [arrival.count for arrival in arrivals] == list(range(1, 301))
    assert all(arrival.is_new for arrival in arrivals)
    assert all(arrival.news.merged is None for arrival in arrivals[:NAMED])
    merged = [arrival.news.merged for arrival in arrivals[NAMED:]]
    assert None not in merged
    assert all(0 <= each.wait <= presence.MERGED_EVERY for each in merged if each is not None)

    # Whoever asks first once the time has come is given the sums; the others nothing.
    given = [each for each in merged if each is not None and not each.wait]
    while sum(each.joined for each in given) < 200:
        asked = [news.merged for news in await asyncio.gather(*(presence.sweep(*room) for _ in range(7)))]
        given += [each for each in asked if each is not None and not each.wait]
        await asyncio.sleep(0.05)
    assert sum(each.joined for each in given) == 200
    assert (given[-1].left, given[-1].count) == (0, 300)
    assert len(given) <= (time.monotonic() - begun) * 1000 / presence.MERGED_EVERY


async def test_ten_thousand_who_lapse_are_one_sum(room: tuple[int, int]) -> None:
    from realtime import groups, presence

    everyone = {f"u{n}": 1.0 for n in range(10_000)}
    shared().zadd(groups.people(*room), everyone)
    shared().hset(groups.names(*room), mapping=dict.fromkeys(everyone, "x"))
    assert await told(room) == presence.Merged(joined=0, left=10_000, count=0)
    assert not shared().exists(groups.people(*room), groups.names(*room))


async def test_names_are_told_again_once_the_last_sum_is_a_second_old(room: tuple[int, int]) -> None:
    from realtime import groups, presence

    for n in range(103):
        await presence.enter(*room, f"u{n}", "", "here")
    people = groups.people(*room)
    shared().zadd(people, {f"u{n}": 1.0 for n in range(3)})
    assert (
        await presence.sweep(*room)
    ).lapsed == []  # a hundred are left, but three who came were not told yet
    shared().zadd(people, {f"u{n}": 1.0 for n in range(3, 10)})
    assert await told(room) == presence.Merged(joined=3, left=10, count=93)
    shared().zadd(people, {"u50": 1.0})
    assert await told(room) == presence.Merged(joined=0, left=1, count=92)
    await until(lambda: not shared().exists(groups.crowd(*room)))
    shared().zadd(people, {"u51": 1.0})
    assert await presence.sweep(*room) == presence.News([("u51", "")], None)


async def told(room: tuple[int, int]) -> Any:
    """The sums that whoever asks next is given to tell, once that is due."""
    from realtime import presence

    while (merged := (await presence.sweep(*room)).merged) is not None and merged.wait:
        await asyncio.sleep(merged.wait / 1000)
    return merged
