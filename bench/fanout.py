"""Messages to rooms full of readers: what a delivery costs the server, and how long it takes."""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator

from bench.client import Socket
from bench.commits import commit_times
from bench.crowd import Crowd, crowd
from bench.figures import CannotBeTrueError, Figures, check, check_cpu, percentile
from bench.processes import Stopwatch
from bench.shapes import Shape
from bench.tally import Tally
from bench.target import Target

WARM_UP = 2.0  # seconds
_COMMITS = 0.5  # seconds
# How long after the last arrival we still wait for stragglers, and how long in all.
_PATIENCE = 3.0
_MOST_PATIENCE = 20.0


async def fanout(target: Target, shape: Shape) -> Figures:
    """One run. Times are milliseconds, CPU is microseconds a delivery. Raises CannotBeTrueError."""
    found: Figures = {}
    if target.database_url is not None:
        found["commit_ms"] = percentile(commit_times(target.database_url, _COMMITS), 0.5)
    async with crowd(target) as people:
        await people.enter(shape.clients)
        if people.failures:
            raise CannotBeTrueError(f"{len(people.failures)} clients did not get in: {people.failures[0]}")
        await people.settle()
        await spoken(people, shape, WARM_UP)
        watch = Stopwatch(target.processes)
        tally = await spoken(people, shape, shape.seconds)
        found |= watch.stop()
    return figures(target, shape, tally, watch.wall, watch.used) | found


def figures(target: Target, shape: Shape, tally: Tally, wall: float, used: Figures) -> Figures:
    """What the tally and the CPU seconds `used` by each role come to. Raises CannotBeTrueError."""
    latencies = sorted(tally.latencies)
    check(tally.sent, shape.readers, tally.delivered, tally.twice, latencies)
    for role, seconds in used.items():
        check_cpu(seconds, wall, os.cpu_count() or 1, role)
    last = sorted(tally.last)
    found = {f"{role}_us": seconds * 1e6 / tally.delivered for role, seconds in used.items()} | {
        "p50_ms": percentile(latencies, 0.5),
        "p99_ms": percentile(latencies, 0.99),
        "max_ms": latencies[-1],
        "last_p99_ms": percentile(last, 0.99),
        "delivered_share": tally.delivered / (tally.sent * shape.readers),
        "deliveries_per_s": tally.delivered / wall,
        "late_p99_ms": percentile(sorted(tally.late), 0.99),
    }
    if target.stored is not None:
        found["stored_share"] = _stored_share(target.stored(tally.mark), tally)
    return found


def _stored_share(stored: int, tally: Tally) -> float:
    if stored > tally.sent:
        raise CannotBeTrueError(f"{stored} messages are stored, and {tally.sent} were sent")
    return stored / tally.sent


async def spoken(people: Crowd, shape: Shape, seconds: float) -> Tally:
    """Say the shape's messages for so long, and wait for the stragglers; the crowd's readers are counted."""
    tally = await _talk(people, shape, seconds)
    await _stragglers(tally, len(people) // len(people.rooms))
    return tally


async def _talk(people: Crowd, shape: Shape, seconds: float) -> Tally:
    """Say `rate` messages a second, room after room, in each room one client after the other.

    The plan does not wait for answers: a slow server gets the same load as a quick one.
    """
    tally = Tally(itertools.chain.from_iterable(people.rooms.values()), people.on_entry, shape.length)
    speakers = _speakers(people)
    began = time.perf_counter()
    for number in range(max(1, round(shape.rate * seconds))):
        due = began + number / shape.rate
        # Even a late generator gives the readers their turn.
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tally.late.append((time.perf_counter() - due) * 1000)
        speaker = next(speakers)
        speaker.send(people.target.dialect.chat(speaker, tally.text()))
    return tally


def _speakers(people: Crowd) -> Iterator[Socket]:
    for turn in itertools.count():
        for sockets in people.rooms.values():
            yield sockets[turn % len(sockets)]


async def _stragglers(tally: Tally, readers: int) -> None:
    """Wait until every reader has every message, or nothing more comes."""
    began = last_change = time.perf_counter()
    before = -1
    while tally.delivered < tally.sent * readers:
        now = time.perf_counter()
        if tally.delivered != before:
            before, last_change = tally.delivered, now
        if now > min(last_change + _PATIENCE, began + _MOST_PATIENCE):
            return
        await asyncio.sleep(0.02)
