"""Clients that come and stay: how many a second get in, and what each then holds in memory."""

import os

from bench.crowd import crowd
from bench.figures import CannotBeTrueError, Figures, check_cpu
from bench.processes import Stopwatch, memory_bytes
from bench.shapes import Shape
from bench.target import Target

# Enough that everything a first connection loads is loaded before anything is counted.
_BEFORE = 100


async def memory(target: Target, shape: Shape) -> Figures:
    """RSS and PSS growth of the server's own processes, KiB a connection; the kernel's buffers are not in it."""
    async with crowd(target) as people:
        await people.enter(shape.clients[:_BEFORE])
        await people.settle()
        before = _server_memory(target)
        await people.enter([(number + _BEFORE, room) for number, room in shape.clients])
        if people.failures:
            raise CannotBeTrueError(f"{len(people.failures)} clients did not get in: {people.failures[0]}")
        await people.settle()
        rss, pss = (after - then for after, then in zip(_server_memory(target), before, strict=True))
    return {
        "rss_kib": rss / 1024 / shape.connections,
        "pss_kib": pss / 1024 / shape.connections,
        "connections": float(len(people) - min(_BEFORE, shape.connections)),
    }


async def connects(target: Target, shape: Shape) -> Figures:
    """Clients a second that got in, 50 at a time; in means the server's first frame has come, not only a 101."""
    async with crowd(target) as people:
        await people.enter(shape.clients[:_BEFORE])
        await people.settle()
        watch = Stopwatch(target.processes)
        wall = await people.enter([(number + _BEFORE, room) for number, room in shape.clients])
        shares = watch.stop()
        accepted = shape.connections - len(people.failures)
    if accepted <= 0:
        raise CannotBeTrueError(f"no client got in: {people.failures[0]}")
    for role, seconds in watch.used.items():
        check_cpu(seconds, wall, os.cpu_count() or 1, role)
    costs = {f"{role}_us": seconds * 1e6 / accepted for role, seconds in watch.used.items()}
    return costs | shares | {"connects_per_s": accepted / wall, "refused": float(len(people.failures))}


def _server_memory(target: Target) -> tuple[int, int]:
    each = [memory_bytes(pid) for pid in target.processes["server"]]
    return sum(rss for rss, _ in each), sum(pss for _, pss in each)
