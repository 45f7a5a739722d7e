"""Ending a process without a stampede: its sockets are told to come back one after the other, each of them when what it
has asked for is answered."""

import asyncio
import time
from collections.abc import Collection
from typing import Any, Final, Protocol, runtime_checkable

# The ASGI event, of our own, that asks a consumer to close its socket: it waits in line behind the commands that were
# read before.
DRAIN: Final = "snug.drain"

# Sockets a second. Each comes back at once, to processes that have their own to do.
PACE: Final = 200
# Seconds. Beyond it the pace grows: a deployment has an end.
LONGEST_SPREAD: Final = 8.0
# Seconds for what was read to be answered; whoever waits longer is closed all the same, and asks again elsewhere.
ANSWERED_WITHIN: Final = 4.0
STEP: Final = 0.05


@runtime_checkable
class Drainable(Protocol):
    """A connection that can be asked to end."""

    @property
    def closing(self) -> bool:
        """Whether it has ended, or was told to."""

    def drain(self) -> None:
        """End, but not in the middle of something."""


def hang_up(connections: Collection[Any]) -> None:
    """End what is kept alive for the next request, or a proxy would send us whoever was just told to go elsewhere."""
    for each in [each for each in connections if not isinstance(each, Drainable)]:
        each.shutdown()


async def spread(connections: Collection[Any]) -> None:
    """Ask every socket to end, a few at a time; return when all have, or have had their time."""
    sockets = [each for each in connections if isinstance(each, Drainable)]
    pace = max(PACE, len(sockets) / LONGEST_SPREAD)
    began = time.monotonic()
    for number, socket in enumerate(sockets):
        if number / pace > time.monotonic() - began:
            await asyncio.sleep(STEP)
        socket.drain()
    deadline = time.monotonic() + ANSWERED_WITHIN
    while time.monotonic() < deadline and any(map(_is_open, sockets)):
        await asyncio.sleep(STEP)


def _is_open(socket: Drainable) -> bool:
    return not socket.closing
