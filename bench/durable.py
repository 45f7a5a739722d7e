"""How many messages a second are stored and acknowledged, beside one commit a message on the same database.

A closed loop: each client keeps so many messages under way, and says the next when one of its own comes back.
"""

import asyncio
import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterable

from bench.client import Socket
from bench.commits import commit_times
from bench.crowd import Crowd, crowd
from bench.fanout import WARM_UP
from bench.figures import CannotBeTrueError, Figures, check_cpu, percentile
from bench.processes import Stopwatch
from bench.shapes import Shape
from bench.target import Target

_COMMITS = 2.0  # seconds, before the load and again after it: a slow minute of the disk falls on both
_PATIENCE = 20.0


async def durable(target: Target, shape: Shape) -> Figures:
    """One run; latencies from the write to the sender's own echo. Raises CannotBeTrueError."""
    if target.stored is None or target.database_url is None:
        raise CannotBeTrueError("it stores nothing")
    single = commit_times(target.database_url, _COMMITS)
    async with crowd(target) as people:
        await people.enter(shape.clients)
        if people.failures:
            raise CannotBeTrueError(f"{len(people.failures)} clients did not get in: {people.failures[0]}")
        await people.settle()
        await Loop(people, shape).run(WARM_UP)
        watch = Stopwatch(target.processes)
        loop = Loop(people, shape)
        await loop.run(shape.seconds)
        shares = watch.stop()
    stored_at_once, lag = await asyncio.to_thread(_stored, target.stored, loop.mark, loop.sent)
    single = sorted(single + commit_times(target.database_url, _COMMITS))
    check(loop.sent, len(loop.acknowledged), target.stored(loop.mark))
    # A server that acknowledges first and stores later is as quick as its storing.
    rate = loop.in_time / shape.seconds if lag == 0 else loop.sent / (watch.wall + lag)
    for role, seconds in watch.used.items():
        check_cpu(seconds, watch.wall, os.cpu_count() or 1, role)
    one_commit = len(single) / (2 * _COMMITS)
    waited = sorted(loop.acknowledged)
    return (
        {f"{role}_us": seconds * 1e6 / loop.sent for role, seconds in watch.used.items()}
        | shares
        | {
            "durable_per_s": rate,
            "one_commit_per_s": one_commit,
            "ratio": rate / one_commit,
            "commit_ms": percentile(single, 0.5),
            "ack_p50_ms": percentile(waited, 0.5),
            "ack_p99_ms": percentile(waited, 0.99),
            "acknowledged_share": len(loop.acknowledged) / loop.sent,
            "stored_at_ack_share": stored_at_once / loop.sent,
        }
    )


def check(sent: int, acknowledged: int, stored: int) -> None:
    """Raise CannotBeTrueError unless everything acknowledged is stored, and nothing else than what was sent."""
    if not acknowledged:
        raise CannotBeTrueError("nothing was acknowledged")
    if not acknowledged <= stored <= sent:
        raise CannotBeTrueError(f"{sent} messages sent, {acknowledged} acknowledged, {stored} stored")


def _stored(stored: Callable[[str], int], mark: str, sent: int) -> tuple[int, float]:
    """How many are stored right after the last acknowledgement, and the seconds until the last of the others was."""
    began = last_change = time.perf_counter()
    at_once = before = stored(mark)
    if at_once == sent:
        return at_once, 0.0
    while before < sent and time.perf_counter() < last_change + _PATIENCE:
        time.sleep(0.2)
        if (now := stored(mark)) != before:
            before, last_change = now, time.perf_counter()
    return at_once, last_change - began


class Loop:
    """One closed loop over a crowd. `acknowledged` holds milliseconds."""

    def __init__(self, people: Crowd, shape: Shape) -> None:
        self.mark = secrets.token_hex(4)
        self.sent = self.in_time = 0
        self.acknowledged: list[float] = []
        self._shape, self._people = shape, people
        self._end = 0.0
        self._done = asyncio.Event()
        self._needle = f"@{self.mark}.".encode()
        sockets: Iterable[Socket] = itertools.chain.from_iterable(people.rooms.values())
        self._numbers = {socket: number for number, socket in enumerate(sockets)}
        self._under_way: set[tuple[int, int]] = set()  # (client, when it was sent)

    async def run(self, seconds: float) -> None:
        """Talk for so long, then wait for what is under way."""
        self._end = time.perf_counter() + seconds
        for socket in self._numbers:
            socket.heard = self._heard
            for _ in range(self._shape.outstanding):
                self._say(socket)
        try:
            async with asyncio.timeout(seconds + _PATIENCE):
                await self._done.wait()
        except TimeoutError:  # some never came back: the share that did says how many
            return

    def _say(self, socket: Socket) -> None:
        number, now = self._numbers[socket], time.perf_counter_ns()
        self._under_way.add((number, now))
        self.sent += 1
        text = f"@{self.mark}.{number}.{now}@".ljust(self._shape.length, "x")
        socket.send(self._people.target.dialect.chat(socket, text))

    def _heard(self, socket: Socket, frame: bytes) -> None:
        now = time.perf_counter_ns()
        start = frame.find(self._needle)
        if start < 0:
            self._people.on_entry(socket, frame)
            return
        start += len(self._needle)
        client, _, sent_at = frame[start : frame.index(b"@", start)].partition(b".")
        message = int(client), int(sent_at)
        if message[0] != self._numbers[socket]:
            return  # somebody else's
        if message not in self._under_way:
            raise CannotBeTrueError("a message came back twice")
        self._under_way.remove(message)
        self.acknowledged.append((now - message[1]) / 1e6)
        if now / 1e9 < self._end:
            self.in_time += 1
            self._say(socket)
        elif not self._under_way:
            self._done.set()
