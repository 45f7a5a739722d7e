"""Who vanishes without a word: a process killed with its sockets, and clients that do not answer any more.

Slow: leases lapse after 24 seconds, and a socket is asked for a sign of life every 25. All wait at the same time.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from dataclasses import replace

from ops.local.paths import PROJECT, PYTHON
from realtime.presence import GRACE
from tests.faults.machine import Home, Machine
from tests.faults.tunnel import Tunnel
from tests.personas import Chat, Refused, Workspace
from tests.within import within

Report = Callable[[str, object], None]

# The contract's; a lease lives for 24, and the others look every 8.
GIVEN_BACK_WITHIN = 30
SWEPT_WITHIN = 36
# The contract's; whoever has gone is then given a few seconds to come back before anyone is told.
FOUND_WITHIN = 60
# Free: a user has five connections.
MOST_OF_ONE = 5


async def test_who_vanishes_is_found_and_what_they_held_is_given_back(
    machine: Machine, record_property: Report
) -> None:
    ready = asyncio.Barrier(5)
    async with asyncio.TaskGroup() as group:
        for each in (
            _connections_of_a_killed_process,
            _people_of_a_killed_process,
            _a_client_put_to_sleep,
            _a_client_whose_network_is_gone,
        ):
            group.create_task(each(machine, ready, record_property))
        await ready.wait()
        await asyncio.to_thread(machine.kill("web-0"))  # it is back, and knows nothing of its sockets


async def _connections_of_a_killed_process(machine: Machine, killed: asyncio.Barrier, report: Report) -> None:
    """They count until their leases lapse, and no longer."""
    workspace = await asyncio.to_thread(machine.workspace, "free")
    held = [await workspace.connect(workspace.token("bob")) for _ in range(MOST_OF_ONE)]
    assert await _refused(workspace)
    await killed.wait()
    killed_at = time.monotonic()
    assert await asyncio.gather(*(chat.closed() for chat in held)) == [1006] * MOST_OF_ONE

    assert await _refused(workspace), "nobody gave anything back yet: the leases are still counted"
    while await _refused(workspace):
        assert time.monotonic() - killed_at < GIVEN_BACK_WITHIN
        await asyncio.sleep(0.25)
    report("connections given back after", time.monotonic() - killed_at)


async def _refused(workspace: Workspace) -> bool:
    """Whether one more socket of bob's is refused on the process that lives, for being one too many."""
    try:
        async with workspace.chat(workspace.token("bob"), process=1, snug=False) as chat:
            await chat.entered()
    except Refused as error:
        return error.code == 4002
    return False


async def _people_of_a_killed_process(machine: Machine, killed: asyncio.Barrier, report: Report) -> None:
    """The other process says goodbye for those who do not come back."""
    home = await _new_home(machine)
    async with home.pair() as (_, listening):
        await killed.wait()
        killed_at = time.monotonic()
        left = await listening.until("user_left", timeout=SWEPT_WITHIN)
        report("said to have left after", time.monotonic() - killed_at)
        assert left["user_id"] == "bob"
        assert home.leases() == 1
        async with home.chat("cyd", process=0) as late:
            assert {user["id"] for user in (await late.entered())["users"]} == {"ann", "cyd"}


async def _a_client_put_to_sleep(machine: Machine, ready: asyncio.Barrier, report: Report) -> None:
    """Its kernel still takes what we send."""
    home = await _new_home(machine)
    async with home.chat("ann", process=1) as ann:
        await ann.entered()
        address = f"ws://{home.workspace.host}:{home.workspace.ports[1]}/ws/chat/{home.room}/"
        sleeper = await asyncio.create_subprocess_exec(
            PYTHON, "-m", "tests.faults.sleeper", f"{address}?token={home.workspace.token('bob')}",
            cwd=PROJECT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            await ann.until("user_joined", user_id="bob")
            assert home.leases() == 2
            assert sleeper.stdout
            assert (
                await within(sleeper.stdout.readline(), 10) == b"in\n"
            )  # asleep before, it would never have come in
            sleeper.send_signal(signal.SIGSTOP)
            await ready.wait()
            await _is_found(home, ann, report, "asleep")
            sleeper.send_signal(signal.SIGCONT)
            said, _ = await within(sleeper.communicate(), 10)
            assert said == b"out\n"
        finally:
            with contextlib.suppress(ProcessLookupError):
                sleeper.kill()


async def _a_client_whose_network_is_gone(machine: Machine, ready: asyncio.Barrier, report: Report) -> None:
    """Nothing arrives any more, on either side, and nobody says so."""
    home = await _new_home(machine)
    async with Tunnel(home.workspace.ports[1]).open() as tunnel, home.chat("ann", process=1) as ann:
        await ann.entered()
        through = replace(home.workspace, ports=(tunnel.port,))
        async with through.chat(through.token("bob"), home.room) as bob:
            await bob.entered()
            assert home.leases() == 2
            with tunnel.silent():
                await ready.wait()
                await _is_found(home, ann, report, "without a network")


async def _is_found(home: Home, ann: Chat, report: Report, how: str) -> None:
    """Ann hears that bob has left, and his lease is given back."""
    began = time.monotonic()
    left = await ann.until("user_left", timeout=FOUND_WITHIN + GRACE)
    report(f"{how}: found after", time.monotonic() - began)
    assert left["user_id"] == "bob"
    assert home.leases() == 1


async def _new_home(machine: Machine) -> Home:
    """In a workspace of its own, so that its leases can be counted."""
    return Home.made(machine, await asyncio.to_thread(machine.workspace))
