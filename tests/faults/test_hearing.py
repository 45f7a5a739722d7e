"""Between two processes: what a subscription promises, and what a publisher owes."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
import redis

from realtime import publish
from realtime.feed import Feed
from realtime.layer import NOBODY, Event, SnugChannelLayer
from realtime.publish import Publisher
from rooms import reading
from rooms.access import RoomRecord
from rooms.writing.writer import Writer
from tenants import database
from tests.faults.drafts import desk_of, write_all
from tests.faults.machine import Machine
from tests.personas import Workspace
from tests.within import within


class Ear:
    """A process that listens on the machine's Redis, as a hub does."""

    def __init__(self, url: str) -> None:
        self.layer = SnugChannelLayer(hosts=[url], prefix="ear")
        self.reconnected = asyncio.Event()
        self.layer.listen("here", self.reconnected.set)

    async def join(self, *groups: str) -> None:
        for group in groups:
            await self.layer.group_add(group, "here")

    async def next(self) -> Event:
        heard: Event = await within(self.layer.receive("here"), 10)
        return heard

    async def close(self) -> None:
        await self.layer.flush()


@pytest.fixture
async def new_ear(machine: Machine) -> AsyncIterator[Callable[[], Ear]]:
    ears: list[Ear] = []

    def make() -> Ear:
        ears.append(Ear(machine.stack.own_env["REDIS_URL"]))
        return ears[-1]

    yield make
    for ear in ears:
        await ear.close()


async def test_a_subscription_is_in_force_when_it_returns(new_ear: Callable[[], Ear]) -> None:
    ear, mouth = new_ear(), new_ear()
    for number in range(50):
        await ear.join(group := f"g.{secrets.token_hex(4)}")
        await mouth.layer.group_send_many([(group, {"type": "test", "number": number})])
        assert (await ear.next())["number"] == number


async def test_a_subscription_waits_while_redis_sleeps_and_can_be_given_up(
    machine: Machine, new_ear: Callable[[], Ear]
) -> None:
    ear, mouth = new_ear(), new_ear()
    await ear.join("before")
    with machine.frozen("valkey"):
        with pytest.raises(TimeoutError):
            await within(ear.join("given up"), 0.3)
        waiting = asyncio.create_task(ear.join("waited for"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
    await within(waiting, 5)
    await mouth.layer.group_send_many([("waited for", {"type": "test"})])
    assert (await ear.next())["type"] == "test"


async def test_a_broken_connection_is_told_once_every_subscription_is_back(
    machine: Machine, new_ear: Callable[[], Ear]
) -> None:
    ear, mouth = new_ear(), new_ear()
    groups = [f"g.{number}" for number in range(1500)]  # more than one command names
    await asyncio.gather(*(ear.join(group) for group in groups))
    assert not ear.reconnected.is_set()
    for _ in range(3):
        ear.reconnected.clear()
        with redis.Redis.from_url(machine.stack.own_env["REDIS_URL"]) as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await within(ear.reconnected.wait(), 5)
        await mouth.layer.group_send_many([(group, {"type": "test"}) for group in groups])
        assert len([await ear.next() for _ in groups]) == len(groups)


async def test_what_could_not_be_published_is_owed_by_the_room(
    machine: Machine, new_ear: Callable[[], Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand messages in three rooms, with Redis away: three lines once it is back."""
    ear, mouth = new_ear(), new_ear()
    rooms = ["one", "two", "three"]
    await ear.join(*rooms, "control")
    back = asyncio.Event()

    class Away(SnugChannelLayer):
        async def group_send_many(self, sends: Iterable[tuple[str, Event]], sender: bytes = NOBODY) -> None:
            if not back.is_set():
                raise redis.ConnectionError("away")
            await mouth.layer.group_send_many(sends, sender)

    monkeypatch.setattr(publish, "get_channel_layer", lambda: Away(hosts=[], prefix="ear"))
    publisher = Publisher()
    publisher.publish([("control", {"type": "changed", "schema": "t1"})])
    for rev in range(1, 10_001):
        publisher.publish([(room, {"type": "durable", "items": [(rev, rev, b"x" * 1000)]}) for room in rooms])
        assert publisher.waiting <= publish.MOST_WAITING + len(rooms) + 1
        if rev % 1000 == 0:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        while publisher.waiting > len(rooms) + 1:
            await asyncio.sleep(0.01)
    back.set()

    heard = [await ear.next() for _ in range(4)]
    assert {(event["group"], event["type"], event.get("rev")) for event in heard} == {
        ("control", "changed", None),
        *((room, "stale", 10_000) for room in rooms),
    }
    await publisher.close()


async def test_an_event_without_an_encoding_stops_no_other(
    new_ear: Callable[[], Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    ear, mouth = new_ear(), new_ear()
    await ear.join("room")
    monkeypatch.setattr(publish, "get_channel_layer", lambda: mouth.layer)
    publisher = Publisher()
    nothing: Any = object()
    publisher.publish([("room", {"type": "fleeting", "payload": nothing})])
    publisher.publish([("room", {"type": "durable", "items": [(7, 7, b"{}")]})])
    assert (await ear.next())["rev"] == 7
    publisher.publish([("room", {"type": "fleeting", "payload": b"{}"})])
    assert (await ear.next())["type"] == "fleeting"
    await publisher.close()


async def test_a_listener_that_fails_is_not_the_publishers_trouble() -> None:
    publisher = Publisher()

    def fail(group: str, event: Event) -> None:
        raise ValueError(group)

    publisher.listener = fail
    publisher.publish([("room", {"type": "fleeting"})])
    await publisher.close()


async def test_news_that_comes_while_a_gap_is_being_filled_is_not_lost(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, writer = await desk_of(workspace), Writer(lambda written: None)
    feed = Feed(here.tenant, RoomRecord(here.room_id, here.room, "public", archived=False, is_member=True))
    await feed.open()
    await write_all(writer, [here.draft("one"), here.draft("two")])
    read = reading.changes

    async def changes_with_news(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(reading, "changes", read)
        missing = await read(*arguments, **options)
        await write_all(writer, [here.draft("three")])
        feed.stale(3)
        return missing

    monkeypatch.setattr(reading, "changes", changes_with_news)
    feed.stale(2)
    async with asyncio.timeout(5):
        while feed.rev < 3:
            await asyncio.sleep(0.01)

    feed.close()
    await writer.close()
    await database.close_pool()
