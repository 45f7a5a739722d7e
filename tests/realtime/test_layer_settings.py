"""CHANNEL_CAPACITY, CHANNEL_EXPIRY and CHANNEL_ENCRYPTION_KEYS: what each of them does."""

import asyncio
import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.fernet import Fernet, InvalidToken

from ops.local import Stack
from realtime import groups, inbox
from realtime.layer import SENDER_BYTES, Event, SnugChannelLayer
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine
from tests.faults.servers import product_on, running, valkeys
from tests.personas import Workspace, open_workspace
from tests.within import within

PROJECT = Path(__file__).resolve().parents[2]
NEW, OLD, STRANGE = ("n" * 32, "o" * 32, "s" * 32)
SECRET = "nobody on the way may read this"


class End:
    """One process's end of a channel layer. `missed` counts how often it was told to look for itself."""

    def __init__(self, prefix: str, **options: Any) -> None:
        self.layer = SnugChannelLayer(hosts=[os.environ["REDIS_URL"]], prefix=prefix, **options)
        self.missed = 0
        self.layer.listen("here", self._told)

    def _told(self) -> None:
        self.missed += 1

    async def publish(self, group: str, *numbers: int) -> None:
        await self.layer.group_send_many([(group, {"type": "test", "n": number}) for number in numbers])

    async def arrived(self, count: int) -> None:
        """Wait until so many events are in the inbox, or were dropped at its door."""
        waiting = self.layer._get_layer().channels["here"]
        async with asyncio.timeout(5):
            while waiting._waiting.qsize() + waiting._missed.total() < count:
                await asyncio.sleep(0.01)

    async def next(self, seconds: float = 5) -> Event:
        heard: Event = await within(self.layer.receive("here"), seconds)
        return heard

    async def told(self) -> None:
        """Wait until it was told."""
        async with asyncio.timeout(5):
            while not self.missed:
                await asyncio.sleep(0.01)


NewEnd = Callable[..., End]


@pytest.fixture
async def new_end() -> AsyncIterator[NewEnd]:
    """Makes ends of one layer that nobody else is on."""
    prefix, ends = secrets.token_hex(4), list[End]()

    def make(**options: Any) -> End:
        ends.append(End(prefix, **options))
        return ends[-1]

    yield make
    for end in ends:
        await end.layer.flush()


# ---- capacity


async def test_beyond_the_capacity_events_are_dropped_and_whoever_listens_is_told_once(
    new_end: NewEnd, caplog: pytest.LogCaptureFixture
) -> None:
    ear, mouth = new_end(capacity=3), new_end()
    await ear.layer.group_add("room", "here")
    await mouth.publish("room", *range(10))
    await ear.arrived(10)
    assert [(await ear.next())["n"] for _ in range(3)] == [0, 1, 2]
    await ear.told()
    assert "dropped 7 events beyond CHANNEL_CAPACITY" in caplog.text

    await mouth.publish("room", 10)
    assert (await ear.next())["n"] == 10
    await asyncio.sleep(2 * inbox.TELL_AFTER)
    assert ear.missed == 1


async def test_what_was_dropped_after_the_telling_is_told_again(new_end: NewEnd) -> None:
    """Whoever was told has looked by then: what came later, they cannot have seen."""
    ear, mouth = new_end(capacity=1), new_end()
    await ear.layer.group_add("room", "here")
    for _ in range(2):
        ear.missed = 0
        await mouth.publish("room", 1, 2)
        await ear.told()


async def test_within_the_capacity_nothing_is_dropped(new_end: NewEnd) -> None:
    ear, mouth = new_end(capacity=500), new_end()
    await ear.layer.group_add("room", "here")
    await mouth.publish("room", *range(500))
    await ear.arrived(500)
    assert [(await ear.next())["n"] for _ in range(500)] == list(range(500))
    await asyncio.sleep(2 * inbox.TELL_AFTER)
    assert ear.missed == 0


async def test_what_concerns_every_process_is_never_dropped(new_end: NewEnd) -> None:
    """Which sockets to close and which caches to drop stands in no database."""
    ear, mouth = new_end(capacity=1, expiry=0.1), new_end()
    await ear.layer.group_add(groups.CONTROL, "here")
    await ear.layer.group_add("room", "here")
    await mouth.publish("room", 1, 2)
    await mouth.publish(groups.CONTROL, *range(10, 15))
    await ear.arrived(7)
    await asyncio.sleep(0.2)  # long enough for the room's to be too old
    assert [(await ear.next())["n"] for _ in range(5)] == [10, 11, 12, 13, 14]


# ---- expiry


async def test_an_event_that_waited_too_long_is_dropped_unread_and_told(
    new_end: NewEnd, caplog: pytest.LogCaptureFixture
) -> None:
    ear, mouth = new_end(expiry=0.3), new_end()
    await ear.layer.group_add("room", "here")
    await mouth.publish("room", 1, 2)
    await ear.arrived(2)
    await asyncio.sleep(0.4)
    await mouth.publish("room", 3)
    assert (await ear.next())["n"] == 3
    await ear.told()
    assert "2 older than CHANNEL_EXPIRY" in caplog.text


async def test_an_event_that_waited_less_is_heard(new_end: NewEnd) -> None:
    ear, mouth = new_end(expiry=30), new_end()
    await ear.layer.group_add("room", "here")
    await mouth.publish("room", 1)
    await ear.arrived(1)
    await asyncio.sleep(0.4)
    assert (await ear.next())["n"] == 1
    assert ear.missed == 0


# ---- consumers with channels of their own


async def test_an_ordinary_consumer_sends_receives_and_leaves(new_end: NewEnd) -> None:
    one, other = new_end().layer, new_end().layer
    bob, ann = await one.new_channel(), await other.new_channel()
    await other.send(bob, {"type": "chat.message", "message": "to you alone"})
    assert await within(one.receive(bob), 5) == {"type": "chat.message", "message": "to you alone"}
    for layer, channel in ((one, bob), (other, ann)):
        await layer.group_add("chat_general", channel)
    await one.group_send("chat_general", {"type": "chat.message", "message": "to all"})
    for layer, channel in ((one, bob), (other, ann)):
        assert (await within(layer.receive(channel), 5))["message"] == "to all"
    await other.group_discard("chat_general", ann)
    await one.group_send("chat_general", {"type": "chat.message", "message": "to those who stayed"})
    assert (await within(one.receive(bob), 5))["message"] == "to those who stayed"
    with pytest.raises(TimeoutError):
        await within(other.receive(ann), 0.3)


async def test_a_consumers_own_channel_has_the_capacity_and_the_expiry_too(new_end: NewEnd) -> None:
    layer = new_end(capacity=2, expiry=0.3).layer
    channel = await layer.new_channel()
    for number in range(4):
        await layer.send(channel, {"type": "test", "n": number})
    waiting = layer._get_layer().channels[channel]
    async with asyncio.timeout(5):
        while waiting._missed["capacity"] < 2:
            await asyncio.sleep(0.01)
    assert (await within(layer.receive(channel), 5))["n"] == 0
    await asyncio.sleep(0.4)
    await layer.send(channel, {"type": "test", "n": 4})
    assert (await within(layer.receive(channel), 5))["n"] == 4


# ---- encryption keys


async def test_the_newest_key_encrypts_and_older_ones_are_still_read(new_end: NewEnd) -> None:
    before, both, after = (
        new_end(symmetric_encryption_keys=keys) for keys in ([OLD], [NEW, OLD], [OLD, NEW])
    )
    for end in (before, both, after):
        await end.layer.group_add("room", "here")
    await before.publish("room", 1)
    for end in (before, both, after):
        assert (await end.next())["n"] == 1
    await both.publish("room", 2)
    for end in (both, after):
        assert (await end.next())["n"] == 2

    written = both.layer.serialize({"type": "test"})
    assert msgspec.msgpack.decode(_cipher(NEW).decrypt(written)) == {"type": "test"}
    with pytest.raises(InvalidToken):
        _cipher(OLD).decrypt(written)


@pytest.mark.parametrize("keys", [[STRANGE], []], ids=["another key", "no key"])
async def test_a_process_without_the_key_hears_nothing_and_lives_on(
    new_end: NewEnd, keys: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    deaf, mouth = new_end(symmetric_encryption_keys=keys), new_end(symmetric_encryption_keys=[NEW])
    same = new_end(symmetric_encryption_keys=keys)
    await deaf.layer.group_add("room", "here")
    await mouth.publish("room", *range(20))
    await same.publish("room", 100)
    assert (await deaf.next())["n"] == 100
    assert caplog.text.count("cannot read what is published") == 1


# ---- the product with all of them


@pytest.fixture(scope="module")
def narrow(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web processes in which one event may wait, and between which everything is encrypted."""
    settings = {"CHANNEL_CAPACITY": "1", "CHANNEL_ENCRYPTION_KEYS": f"{NEW},{OLD}"}
    folder = tmp_path_factory.mktemp("narrow")
    (server,) = valkeys(folder, "valkey")
    with running(server), product_on(server.url, folder, stack, **settings) as product:
        yield product


@pytest.fixture
def home(narrow: Stack) -> Iterator[Home]:
    machine = Machine(narrow)
    yield Home.made(machine, open_workspace(tuple(narrow.web_ports), plan="business"))
    assert machine.complaints() == [], machine.said()


async def test_a_burst_beyond_the_capacity_is_heard_whole_and_in_order(narrow: Stack, home: Home) -> None:
    async with home.pair() as (talking, listening):
        before = await asyncio.to_thread(_dropped, narrow.web_ports[1], "capacity")
        with home.machine.frozen("web-1"):
            said = [await talking.say(f"{n}") for n in range(20)]
            await asyncio.sleep(0.5)  # what was published lies at its door when it wakes
        assert [await listening.until("chat_message") for _ in said] == said
        assert await asyncio.to_thread(_dropped, narrow.web_ports[1], "capacity") > before


async def test_a_conversation_goes_on_while_strangers_shout(narrow: Stack, home: Home) -> None:
    """What is published by those who have no key is passed over."""
    before = await asyncio.to_thread(_dropped, narrow.web_ports[0], "unreadable")
    async with Conversation(home).going_on() as talk:
        with home.redis() as client:
            names: Any = client.pubsub_channels(f"snug__group__{home.schema}.*")
            assert names
            shouts = (
                b"",
                b"\xc1",
                b"\x00" * 100,
                msgspec.msgpack.encode({"type": "changed", "schema": "t1"}),
            )
            for name in (*names, f"snug__group__{groups.CONTROL}"):
                for shout in shouts:
                    assert client.publish(name, shout) == 2
        await talk.for_seconds(1)
        assert talk.closes() == []
    passed_over = await asyncio.to_thread(_dropped, narrow.web_ports[0], "unreadable") - before
    assert passed_over >= len(shouts)  # those to every process; some of the room's found the inbox full


@pytest.fixture
def open_home(stack: Stack, workspace: Workspace) -> Home:
    """A room of the stack that all tests share, which has no keys."""
    return Home.made(Machine(stack), workspace)


@pytest.mark.parametrize("encrypted", [False, True], ids=["without keys", "with keys"])
async def test_only_without_keys_can_redis_read_what_is_said(
    home: Home, open_home: Home, encrypted: bool
) -> None:
    home = home if encrypted else open_home
    with home.redis() as client, client.monitor() as monitor, client.pubsub() as subscription:
        subscription.psubscribe(f"*__group__{home.schema}.*")
        async with home.pair() as (talking, listening):
            await talking.say(SECRET)
            await talking.send("typing", is_typing=True)
            await listening.until("typing")
        client.echo("the end")
        commands: list[str] = []
        while "the end" not in "".join(commands[-1:]):
            commands.append((await asyncio.to_thread(monitor.next_command))["command"])
        heard = []
        while (message := subscription.get_message(timeout=0.2)) is not None:
            heard.append(message)
    published = [message["data"] for message in heard if message["type"] == "pmessage"]
    mine = [command for command in commands if f"{home.schema}.room." in command]
    assert published
    assert any(command.startswith("PUBLISH") for command in mine)
    assert any(SECRET in command for command in mine) is not encrypted
    assert any(b"chat_message" in data for data in published) is not encrypted
    if encrypted:
        assert not any(SECRET in command for command in commands)
        for data in published:
            _cipher(NEW).decrypt(data[SENDER_BYTES:])


@pytest.mark.parametrize(("seconds", "heard"), [("1", 2), ("10", 1)])
def test_capacity_and_expiry_come_from_the_environment(stack: Stack, seconds: str, heard: int) -> None:
    """In a process of its own, with the layer that the settings describe."""
    env = {**stack.env, "CHANNEL_CAPACITY": "2", "CHANNEL_EXPIRY": seconds}
    done = subprocess.run(
        [sys.executable, "-c", _HEARING, secrets.token_hex(4)],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"first of three": 1, "after a while": heard}


_HEARING = """
import asyncio, json, os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from channels.layers import get_channel_layer

async def main():
    layer, room = get_channel_layer(), sys.argv[1]
    layer.listen("here", lambda: None)
    await layer.group_add(room, "here")
    inbox = layer._get_layer().channels["here"]
    async def publish(*numbers):
        await layer.group_send_many([(room, {"n": n}) for n in numbers])
    async def dropped(count):
        while inbox._missed["capacity"] < count:
            await asyncio.sleep(0.01)
    await publish(1, 2, 3)
    await dropped(1)
    told = {"first of three": (await layer.receive("here"))["n"]}
    await layer.receive("here")
    await publish(1)
    while not inbox._waiting.qsize():
        await asyncio.sleep(0.01)
    time.sleep(1.2)
    await publish(2)
    told["after a while"] = (await layer.receive("here"))["n"]
    print(json.dumps(told))
    await layer.flush()

asyncio.run(main())
"""


def _cipher(key: str) -> Fernet:
    """As channels-redis makes one of a key."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


def _dropped(port: int, reason: str) -> float:
    """How many events a web process says it dropped."""
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    found = re.search(
        rf'^snug_channel_events_dropped_total{{reason="{reason}"}} (.*)$', metrics, re.MULTILINE
    )
    return float(found[1]) if found else 0.0
