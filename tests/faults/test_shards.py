"""Two shards: what lives where, and that one which is away harms only what is on it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ops.local import Stack
from realtime import groups, store
from realtime.events import CloseCode
from realtime.layer import SnugChannelLayer
from tenants.plans import PLANS
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine
from tests.faults.servers import Server, product_on, running, valkeys
from tests.personas import Chat, Refused, Workspace, open_workspace
from tests.realtime.backstage import tenant_id_of
from tests.realtime.office import with_another_key

Report = Callable[[str, object], None]

# What is published through a shard that answers is heard at once, whatever the other does.
AT_ONCE = 1.0
# Hubs compare rooms with the database every 10 seconds.
COMPARED_WITHIN = 13.0


class Sharded:
    """The product on two shards."""

    def __init__(self, product: Stack, shards: Sequence[Server]) -> None:
        self.machine = Machine(product)
        self.shards = shards
        self._layer = SnugChannelLayer(hosts=[shard.url for shard in shards], prefix="snug")
        # By shard: a workspace whose leases and presence live there.
        self.workspaces = [self._workspace(shard) for shard in range(len(shards))]

    def home(self, workspace: Workspace, shard: int) -> Home:
        """A room whose events travel through this shard."""
        while True:
            home = Home.made(self.machine, workspace)
            if self.shard_of_room(home) == shard:
                return home

    def _workspace(self, shard: int) -> Workspace:
        while True:
            made = open_workspace(tuple(self.machine.stack.web_ports), plan="business")
            if store.shard_of(tenant_id_of(made), len(self.shards)) == shard:
                return made

    def shard_of_room(self, home: Home) -> int:
        _, tenant, _, room, _ = home.people_key().split(":")
        return self._layer.shard_of(groups.room(int(tenant.removeprefix("t")), int(room)))

    @property
    def control(self) -> int:
        return self._layer.shard_of(groups.CONTROL)

    def heard(self, shard: int) -> dict[str, int]:
        """The groups that somebody subscribed on this shard, and how many processes did."""
        with self.shards[shard].client() as client:
            names: Any = client.pubsub_channels("snug__group__*")
            counts: Any = client.pubsub_numsub(*names)
        return {name.decode().removeprefix("snug__group__"): count for name, count in counts}

    def revoke_key(self, workspace: Workspace) -> None:
        self.machine.stack.manage(
            "shell",
            "-c",
            "from accounts.actions import revoke_api_key; from tenants import directory; "
            "from tenants.context import run_in_tenant; "
            f"tenant = directory.find({workspace.host!r}); "
            f"run_in_tenant(tenant, revoke_api_key, {workspace.key_id!r})",
        )

    def keys(self, shard: int) -> list[str]:
        with self.shards[shard].client() as client:
            return [key.decode() for key in client.scan_iter("snug:*")]


@pytest.fixture(scope="module")
def product(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharded]:
    folder = tmp_path_factory.mktemp("shards")
    shards = valkeys(folder, "first", "second")
    with running(*shards), product_on(",".join(s.url for s in shards), folder, stack) as web:
        yield Sharded(web, shards)


@pytest.fixture
def sharded(product: Sharded) -> Iterator[Sharded]:
    """Whole when a test begins, and again when it ends."""
    product.machine.stack.wait_until_ready()
    product.machine = Machine(product.machine.stack)
    yield product
    for shard in product.shards:
        if not shard.answers():
            shard.start()
    product.machine.stack.wait_until_ready()
    assert product.machine.complaints() == [], product.machine.said()


@pytest.fixture
async def pairs() -> AsyncIterator[Callable[[Home], Any]]:
    """Opens Bob on the first process, who talks, and Ann on the second, who listens; closed in the end."""
    async with AsyncExitStack() as open_:

        async def enter(home: Home) -> tuple[Chat, Chat]:
            return await open_.enter_async_context(home.pair())

        yield enter


async def test_rooms_spread_over_the_shards_and_each_is_heard_on_its_own(
    sharded: Sharded, pairs: Callable[[Home], Any]
) -> None:
    workspace = sharded.workspaces[0]
    homes = [sharded.home(workspace, shard) for shard in (0, 1, 0, 1)]
    for home in homes:
        talking, listening = await pairs(home)
        said = await talking.say("is this heard?")
        assert await listening.until("chat_message") == said
    tenant = tenant_id_of(workspace)
    for shard in (0, 1):
        wanted = {
            groups.room(tenant, int(home.people_key().split(":")[3]))
            for home in homes
            if sharded.shard_of_room(home) == shard
        }
        heard = {group: count for group, count in sharded.heard(shard).items() if f"t{tenant}." in group}
        assert heard == dict.fromkeys(wanted, 2)
        assert len(wanted) == 2


async def test_what_concerns_every_process_travels_through_one_shard(sharded: Sharded) -> None:
    assert sharded.heard(sharded.control)[groups.CONTROL] == 2
    assert groups.CONTROL not in sharded.heard(1 - sharded.control)


@pytest.mark.parametrize("shard", [0, 1])
async def test_code_without_a_loop_reaches_both_processes(sharded: Sharded, shard: int) -> None:
    """As a management command does, through the client that needs no event loop."""
    home = sharded.home(await with_another_key(sharded.workspaces[shard]), shard)
    async with home.chat("bob", process=0) as bob, home.chat("bob", process=1) as other_tab:
        for socket in (bob, other_tab):
            await socket.entered()
        await asyncio.to_thread(sharded.revoke_key, home.workspace)
        for socket in (bob, other_tab):
            assert await socket.closed(1) == 4001


async def test_leases_presence_tickets_and_counters_work_on_either_shard(sharded: Sharded) -> None:
    """At the same time: whoever leaves is given five seconds to come back."""
    await asyncio.gather(*(_all_work_on(sharded, shard) for shard in (0, 1)))


async def _all_work_on(sharded: Sharded, shard: int) -> None:
    workspace = sharded.workspaces[shard]
    home = sharded.home(workspace, 1 - shard)
    async with home.pair() as (bob, ann):
        async with home.chat("cyd", process=1) as cyd:
            assert {user["id"] for user in (await cyd.entered())["users"]} == {"bob", "ann", "cyd"}
            assert (await bob.until("user_joined"))["user_id"] == "cyd"
        assert (await ann.until("user_left", timeout=10))["user_id"] == "cyd"

        with workspace.api(process=0) as api:
            ticket = api.post("/api/v1/tickets", json={"sub": "dee"}).json()["ticket"]
        mine = f"snug:t{tenant_id_of(workspace)}:"
        kinds = {key.removeprefix(mine).split(":")[0] for key in sharded.keys(shard) if key.startswith(mine)}
        assert kinds >= {"leases", "room", "ticket"}
        elsewhere = [key for key in sharded.keys(1 - shard) if key.startswith(mine)]
        assert [key for key in elsewhere if ":limit:" not in key] == []

        async with workspace.chat(ticket, home.room, snug=False, process=1) as dee:
            await dee.entered()
        with pytest.raises(Refused) as refused:
            await workspace.connect(ticket, home.room, snug=False, process=0)
        assert refused.value.code == 4001


async def test_connections_are_counted_over_both_processes_on_either_shard(sharded: Sharded) -> None:
    for shard in (0, 1):
        workspace = sharded.workspaces[shard]
        most = PLANS["business"].limits.connections_per_user
        token = workspace.token("bob")
        async with AsyncExitStack() as open_:
            for n in range(most):
                chat = await open_.enter_async_context(workspace.chat(token, process=n % 2))
                await chat.entered()
            assert await (await workspace.connect(token, process=1)).closed() == 4002


async def test_rate_counters_spread_over_the_shards_and_count(sharded: Sharded) -> None:
    workspaces = sharded.workspaces
    for workspace in workspaces:
        for process in (0, 1):
            left = []
            for _ in range(2):
                with workspace.api(process) as api:
                    left.append(int(api.get("/api/v1/rooms").headers["RateLimit-Remaining"]))
            assert left[1] == left[0] - 1
    for shard in (0, 1):
        counters = [key for key in sharded.keys(shard) if ":limit:" in key]
        assert all(store.shard_of(key, 2) == shard for key in counters)


@pytest.mark.parametrize("away", [0, 1])
async def test_a_shard_that_died_harms_only_what_is_on_it(
    sharded: Sharded, pairs: Callable[[Home], Any], away: int, record_property: Report
) -> None:
    workspace = sharded.workspaces[1 - away]
    talking, listening = await pairs(sharded.home(workspace, 1 - away))
    cut_talking, cut_listening = await pairs(sharded.home(workspace, away))
    stranded = sharded.home(
        sharded.workspaces[away], 1 - away
    )  # its presence and leases are away, its room is not
    stranded_talking, stranded_listening = await pairs(stranded)
    sharded.shards[away].kill()
    assert sharded.machine.readiness(0) == sharded.machine.readiness(1) == 503

    first = await cut_talking.say("acknowledged all the same")
    for _ in range(5):
        for one, other in ((talking, listening), (stranded_talking, stranded_listening)):
            said = await one.say("as ever")
            assert await other.until("chat_message", timeout=AT_ONCE) == said
    async with sharded.home(workspace, 1 - away).chat("cyd", process=1) as newcomer:
        await newcomer.entered()
    async with stranded.chat("cyd", process=1) as newcomer:
        assert await newcomer.closed() == CloseCode.INTERNAL
    began = time.monotonic()
    assert await cut_listening.until("chat_message", timeout=COMPARED_WITHIN) == first
    record_property("found in the database after", time.monotonic() - began)

    owed = await cut_talking.say("while it was away")
    sharded.shards[away].start()
    assert await cut_listening.until("chat_message", timeout=5) == owed
    await asyncio.to_thread(sharded.machine.stack.wait_until_ready)
    said = await cut_talking.say("healed")
    assert await cut_listening.until("chat_message", timeout=AT_ONCE) == said
    async with stranded.chat("cyd", process=1) as newcomer:
        assert {user["id"] for user in (await newcomer.entered())["users"]} >= {"cyd"}


async def test_a_shard_that_hangs_delays_no_other(sharded: Sharded, pairs: Callable[[Home], Any]) -> None:
    workspace = sharded.workspaces[0]
    talking, listening = await pairs(sharded.home(workspace, 0))
    cut_talking, cut_listening = await pairs(sharded.home(workspace, 1))
    with sharded.shards[1].frozen():
        for _ in range(10):
            first = await cut_talking.say("acknowledged all the same")
            said = await talking.say("as ever")
            assert await listening.until("chat_message", timeout=AT_ONCE) == said
            await asyncio.sleep(0.3)
    last = first
    while await cut_listening.until("chat_message", timeout=5) != last:
        pass


async def test_a_conversation_goes_on_while_one_shard_after_the_other_dies(sharded: Sharded) -> None:
    workspace = sharded.workspaces[0]
    homes = [sharded.home(workspace, shard) for shard in (0, 1)]
    talks = [Conversation(home, senders=1, readers=1) for home in homes]
    async with talks[0].going_on(), talks[1].going_on():
        for shard in sharded.shards:
            shard.kill()
            for talk in talks:
                assert await talk.answered_after(time.monotonic()) < 5
            await asyncio.to_thread(shard.start)
    assert [talk.closes() for talk in talks] == [[], []]
