"""Two processes in one conversation, one of which loses its way to Redis: every reader on either hears all in order."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ops.local import Stack
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine
from tests.faults.servers import one_process_on
from tests.faults.tunnel import Tunnel
from tests.personas import open_workspace
from tests.threads import giving_back

CUTS = 5


async def test_a_process_that_loses_its_way_to_redis_misses_nothing_and_nobody_misses_what_it_says(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What it publishes and what is published to it are lost with a connection. In a silence nothing is broken as far
    as it can see; it hears nothing, and nobody hears it."""
    async with AsyncExitStack() as ending:
        near = stack.own_env["REDIS_URL"]
        port = urlsplit(near).port or 0
        wire = await ending.enter_async_context(Tunnel(port).open())
        far = near.replace(f":{port}", f":{wire.port}")
        machines = await asyncio.gather(
            *(_alone(ending, url, tmp_path_factory.mktemp("product"), stack) for url in (near, far))
        )
        ports = tuple(machine.stack.web_ports[0] for machine in machines)
        workspace = await asyncio.to_thread(giving_back(open_workspace), ports, plan="business")

        async with Conversation(Home.made(machines[0], workspace)).going_on() as talk:
            for _ in range(CUTS):
                await talk.for_seconds(0.4)
                wire.cut()
            with wire.silent():
                await talk.for_seconds(1.5)
            await talk.for_seconds(0.3)
            with wire.silent():
                await talk.for_seconds(0.3)
                wire.cut()  # and what was under way is lost for good
                await talk.for_seconds(0.7)
            assert talk.closes() == []
        for machine in machines:
            assert machine.complaints() == [], machine.said()


async def _alone(ending: AsyncExitStack, redis_url: str, folder: Path, stack: Stack) -> Machine:
    """One web process on this Redis."""
    running = one_process_on(redis_url, folder, stack)
    product = await asyncio.to_thread(running.__enter__)
    ending.push_async_callback(asyncio.to_thread, running.__exit__, None, None, None)
    return Machine(product)
