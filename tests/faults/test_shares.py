"""What a process held when it died is free again within thirty seconds. Slow: it waits for leases to lapse."""

import asyncio
import time
from collections.abc import Callable

from tests.faults.machine import Machine
from tests.personas import Refused, Workspace

Report = Callable[[str, object], None]

# The contract's; a lease lives for 24.
GIVEN_BACK_WITHIN = 30
# Free: a user has five connections.
MOST_OF_ONE = 5


async def test_the_connections_of_a_process_that_was_killed_are_given_back(
    machine: Machine, record_property: Report
) -> None:
    workspace = await asyncio.to_thread(machine.workspace, "free")
    held = [await workspace.connect(workspace.token("bob")) for _ in range(MOST_OF_ONE)]
    assert await _refused(workspace)
    killed_at = time.monotonic()
    await asyncio.to_thread(machine.kill("web-0"))  # it is back, and knows nothing of its sockets
    assert await asyncio.gather(*(chat.closed() for chat in held)) == [1006] * MOST_OF_ONE

    assert await _refused(workspace), "nobody gave anything back yet: the leases are still counted"
    while await _refused(workspace):
        assert time.monotonic() - killed_at < GIVEN_BACK_WITHIN
        await asyncio.sleep(0.25)
    record_property("given back after", time.monotonic() - killed_at)


async def _refused(workspace: Workspace) -> bool:
    """Whether one more socket of bob's is refused on the process that lives, for being one too many."""
    try:
        async with workspace.chat(workspace.token("bob"), process=1, snug=False) as chat:
            await chat.entered()
    except Refused as error:
        return error.code == 4002
    return False
