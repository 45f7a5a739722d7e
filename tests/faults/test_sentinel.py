"""Behind Sentinels: the master dies or is moved, and the conversation goes on at the next one."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis

from config import redis_urls
from ops.local import Stack
from ops.local.network import LOOPBACK
from realtime import connecting, groups
from realtime.layer import SnugChannelLayer
from realtime.store import AWAY
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine
from tests.faults.servers import PLAIN, SECRET, Server, ports_for, product_on, running, valkeys
from tests.personas import Workspace, open_workspace
from tests.realtime.backstage import tenant_id_of
from tests.within import within

Report = Callable[[str, object], None]

MASTER = "snug-master"
FOLLOWER = (*PLAIN, f"primaryauth {SECRET}", "repl-diskless-sync-delay 0")
# Sentinels call a master dead after a second of silence, agree, and promote.
MOVED_WITHIN = 40.0


class Watched:
    """Two Valkeys, one a replica of the other, and three Sentinels that watch them."""

    def __init__(self, folder: Path) -> None:
        self.valkeys = valkeys(folder, "one", "two")
        first, second = self.valkeys
        self.sentinels = [
            Server(folder, f"sentinel-{n}", port, *_watching(first.port), sentinel=True)
            for n, port in enumerate(ports_for(3))
        ]
        first.configure(*FOLLOWER)
        second.configure(*FOLLOWER, f"replicaof {LOOPBACK} {first.port}")

    @property
    def url(self) -> str:
        """As an operator writes it; nobody listens at the first address."""
        addresses = [f"{LOOPBACK}:{port}" for port in (1, *(each.port for each in self.sentinels))]
        return f"redis+sentinel://:{SECRET}@{','.join(addresses)}/{MASTER}/0?sentinel_password={SECRET}"

    @property
    def hosts(self) -> Sequence[redis_urls.Host]:
        return redis_urls.hosts(self.url)

    def master(self) -> Server:
        """Who is master, in the eyes of the last Sentinel."""
        with self.sentinels[-1].client() as client:
            _, port = client.sentinel_get_master_addr_by_name(MASTER)
        return next(each for each in self.valkeys if each.port == port)

    def other(self, server: Server) -> Server:
        return next(each for each in self.valkeys if each is not server)

    def until_whole(self) -> None:
        """Wait until the replica follows its master and every Sentinel knows of all others."""
        _until(self._whole, "replica and Sentinels to be known")

    def until_moved(self, old: Server) -> Server:
        """Wait until the other one is master, in the eyes of every Sentinel that answers; the new master."""
        new = self.other(old)
        _until(lambda: self._agreed_on(new) and _role(new) == "master", "the replica to be promoted")
        return new

    def _agreed_on(self, master: Server) -> bool:
        for sentinel in self.sentinels:
            if sentinel.answers():
                with sentinel.client() as client:
                    _, port = client.sentinel_get_master_addr_by_name(MASTER)
                if port != master.port:
                    return False
        return True

    def move(self) -> Server:
        """Have the Sentinels make the replica master while the old one lives; the new master.

        They turn the old one into a replica some 10 seconds later, and close its connections then.
        """
        old = self.master()
        self.until_whole()
        _until(self._told_to_move, "the Sentinels to see a replica that is fit to be master")
        new = self.until_moved(old)
        _until(lambda: _role(old) == "slave", "the old master to be a replica")
        return new

    def mend(self) -> None:
        """Start what was killed; a Valkey as a replica, where another is master now."""
        for sentinel in self.sentinels:
            if not sentinel.answers():
                sentinel.start()
        master = self.master()
        for valkey in (master, self.other(master)):
            if not valkey.answers():
                follows = [] if valkey is master else [f"replicaof {LOOPBACK} {master.port}"]
                valkey.configure(*FOLLOWER, *follows)
                valkey.start()
        self.until_whole()

    def _told_to_move(self) -> bool:
        with self.sentinels[-1].client() as client:
            try:
                client.execute_command("SENTINEL", "FAILOVER", MASTER)
            except redis.ResponseError:  # NOGOODSLAVE: it has not asked the replica of late
                return False
            return True

    def _whole(self) -> bool:
        with self.sentinels[-1].client() as client:
            state: Any = client.sentinel_master(MASTER)
        with self.master().client() as client:
            replication: Any = client.info("replication")
        synced = [
            replication[name]["state"] == "online"
            for name in replication
            if name.startswith("slave") and name[5:].isdigit()
        ]
        return (
            synced == [True]
            and self._agreed_on(self.master())
            and (state["num-slaves"], state["num-other-sentinels"]) == (1, 2)
        )


def _watching(port: int) -> tuple[str, ...]:
    return (
        f"sentinel sentinel-pass {SECRET}",
        f"sentinel monitor {MASTER} {LOOPBACK} {port} 2",
        f"sentinel auth-pass {MASTER} {SECRET}",
        f"sentinel down-after-milliseconds {MASTER} 1000",
        f"sentinel failover-timeout {MASTER} 3000",
    )


def _role(server: Server) -> str:
    try:
        with server.client() as client:
            answer: Any = client.role()
    except redis.RedisError:
        return ""
    return bytes(answer[0]).decode()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + MOVED_WITHIN
    while not condition():
        assert time.monotonic() < deadline, f"waited {MOVED_WITHIN:g} s in vain for {what}"
        time.sleep(0.05)


async def _once_back(attempt: Callable[[], Awaitable[Any]]) -> None:
    """Do it as soon as it can be done: right after a fail-over, a Sentinel may still doubt the new master."""
    async with asyncio.timeout(MOVED_WITHIN):
        while True:
            try:
                await attempt()
            except AWAY:
                await asyncio.sleep(0.1)
            else:
                return


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(tmp_path_factory.mktemp("sentinel"))
    with running(*watched.valkeys, *watched.sentinels):
        watched.until_whole()
        yield watched


@pytest.fixture
def watched(servers: Watched) -> Iterator[Watched]:
    """Whole when a test begins, and again when it ends."""
    yield servers
    servers.mend()


@pytest.fixture(scope="module")
def product(
    servers: Watched, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, Workspace]]:
    with product_on(servers.url, tmp_path_factory.mktemp("product"), stack) as web:
        yield web, open_workspace(tuple(web.web_ports), plan="business")


@pytest.fixture
def home(watched: Watched, product: tuple[Stack, Workspace]) -> Iterator[Home]:
    web, workspace = product
    web.wait_until_ready()
    machine = Machine(web)
    yield Home.made(machine, workspace)
    assert machine.complaints() == [], machine.said()


def _heard_at(server: Server, home: Home) -> int:
    """How many processes hear the room at this server."""
    room = groups.room(tenant_id_of(home.workspace), int(home.people_key().split(":")[3]))
    with server.client() as client:
        counts: Any = client.pubsub_numsub(f"snug__group__{room}")
    return int(counts[0][1])


def _people_at(server: Server, home: Home) -> set[str]:
    """Who is in the room, by what this server holds."""
    with server.client() as client:
        people: Any = client.zrange(home.people_key(), 0, -1)
    return {name.decode() for name in people}


async def test_everything_goes_to_the_master(watched: Watched, home: Home) -> None:
    master = await asyncio.to_thread(watched.master)
    async with home.pair() as (talking, listening):
        said = await talking.say("through the master")
        assert await listening.until("chat_message") == said
        assert _heard_at(master, home) == 2
        assert _heard_at(watched.other(master), home) == 0
        assert _people_at(master, home) == {"bob", "ann"}


async def test_a_conversation_goes_on_when_the_master_is_killed(
    watched: Watched, home: Home, record_property: Report
) -> None:
    """And one of the Sentinels with it."""
    master = await asyncio.to_thread(watched.master)
    async with Conversation(home).going_on() as talk:
        watched.sentinels[0].kill()
        master.kill()
        died = time.monotonic()
        assert await talk.answered_after(died) < 5
        new = await asyncio.to_thread(watched.until_moved, master)
        record_property("promoted after", time.monotonic() - died)
        await asyncio.to_thread(
            _until, lambda: _heard_at(new, home) == 2, "both processes to hear the new master"
        )
        record_property("heard at the new master after", time.monotonic() - died)
        assert await talk.answered_after(time.monotonic()) < 5
        assert talk.closes() == []
    await asyncio.to_thread(home.machine.stack.wait_until_ready)
    assert await home.opens() == [200, 200]


async def test_a_conversation_goes_on_when_the_master_is_moved(watched: Watched, home: Home) -> None:
    """The old one lives on as a replica: whoever still wrote to it would be refused, whoever heard it would be late."""
    async with Conversation(home).going_on() as talk:
        new = await asyncio.to_thread(watched.move)
        assert await talk.answered_after(time.monotonic()) < 5
        await asyncio.to_thread(
            _until, lambda: _heard_at(new, home) == 2, "both processes to hear the new master"
        )
        assert talk.closes() == []
    assert _heard_at(watched.other(new), home) == 0
    async with Home.made(home.machine, home.workspace).pair() as (talking, listening):
        await talking.send("typing", is_typing=True)
        assert (await listening.until("typing"))["user_id"] == "bob"


async def test_the_last_words_before_a_silence_are_heard_at_the_next_master(
    watched: Watched, home: Home
) -> None:
    async with home.pair() as (talking, listening):
        (await asyncio.to_thread(watched.master)).kill()
        said = [await talking.say(f"while there was none {n}") for n in range(5)]
        assert [await listening.until("chat_message", timeout=MOVED_WITHIN) for _ in said] == said


async def test_tickets_are_taken_and_presence_is_made_anew_at_the_next_master(
    watched: Watched, home: Home
) -> None:
    async with home.pair():
        old = await asyncio.to_thread(watched.master)
        old.kill()
        new = await asyncio.to_thread(watched.until_moved, old)
        await asyncio.to_thread(_until, lambda: _people_at(new, home) == {"bob", "ann"}, "presence")
        await asyncio.to_thread(home.machine.stack.wait_until_ready)
        with home.workspace.api(process=0) as api:
            ticket = api.post("/api/v1/tickets", json={"sub": "dee"}).json()["ticket"]
        async with home.workspace.chat(ticket, home.room, snug=False, process=1) as dee:
            assert {user["id"] for user in (await dee.entered())["users"]} == {"bob", "ann", "dee"}


async def test_no_process_is_ready_while_no_master_lives(watched: Watched, home: Home) -> None:
    assert [home.machine.readiness(process) for process in (0, 1)] == [200, 200]
    for server in watched.valkeys:
        server.kill()
    assert [home.machine.readiness(process) for process in (0, 1)] == [503, 503]


@pytest.fixture
async def ear(watched: Watched) -> AsyncIterator[tuple[SnugChannelLayer, asyncio.Event]]:
    """A process that listens, as a hub does."""
    layer, again = SnugChannelLayer(hosts=list(watched.hosts), prefix="ear"), asyncio.Event()
    layer.listen("here", again.set)
    await layer.group_add("room", "here")
    yield layer, again
    await layer.flush()


async def test_whoever_listens_is_told_that_the_master_changed(
    watched: Watched, ear: tuple[SnugChannelLayer, asyncio.Event]
) -> None:
    layer, again = ear
    assert not again.is_set()
    (await asyncio.to_thread(watched.master)).kill()
    await within(again.wait(), MOVED_WITHIN)
    await _once_back(lambda: layer.group_send_many([("room", {"type": "news"})]))
    assert (await within(layer.receive("here"), 5))["type"] == "news"


async def test_pools_follow_the_master_in_a_loop_and_without_one(watched: Watched) -> None:
    (host,) = watched.hosts
    async with Redis.from_pool(connecting.pool(host)) as client:
        with redis.Redis.from_pool(connecting.sync_pool(host)) as sync:
            await client.set("by one", 1)
            sync.set("by the other", 1)
            assert sync.wait(1, 5000) == 1  # the replica has them too
            old = await asyncio.to_thread(watched.master)
            old.kill()
            new = await asyncio.to_thread(watched.until_moved, old)
            await _once_back(lambda: client.set("by one", 2))
            await _once_back(lambda: asyncio.to_thread(sync.set, "by the other", 2))
            with new.client() as direct:
                assert direct.mget("by one", "by the other") == [b"2", b"2"]


async def test_a_replica_is_never_taken_for_the_master(watched: Watched) -> None:
    """As when the Sentinel that is asked has not yet heard of a fail-over: a replica would swallow every publish."""
    (host,) = watched.hosts
    replica = watched.other(await asyncio.to_thread(watched.master))
    with watched.sentinels[0].client() as sentinel:
        for words in (
            ("MONITOR", "mistaken", LOOPBACK, replica.port, 2),
            ("SET", "mistaken", "auth-pass", SECRET),
        ):
            sentinel.execute_command("SENTINEL", *words)
        try:
            mistaken = {**host, "master_name": "mistaken"}
            sync = redis.Redis.from_pool(connecting.sync_pool(mistaken))
            with contextlib.closing(sync), pytest.raises(redis.ConnectionError, match="is none"):
                await asyncio.to_thread(sync.publish, "room", "news")
            async with Redis.from_pool(connecting.pool(mistaken)) as client:
                with pytest.raises(redis.ConnectionError, match="is none"):
                    await client.publish("room", "news")
        finally:
            sentinel.execute_command("SENTINEL", "REMOVE", "mistaken")


async def test_more_at_once_than_a_pool_has_connections_wait(watched: Watched) -> None:
    (host,) = watched.hosts
    async with Redis.from_pool(connecting.pool(host)) as client:
        answers = await asyncio.gather(*(client.ping() for _ in range(10 * connecting.MOST_CONNECTIONS)))
        assert all(answers)
        master = await asyncio.to_thread(watched.master)
        with master.client() as direct:
            clients: Any = direct.client_list()
        assert len(clients) < 10 * connecting.MOST_CONNECTIONS
