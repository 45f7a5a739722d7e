"""Measures servers in turns: the first run of each, then the second of each, so that a slow minute falls on all."""

import asyncio
import math
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import uvloop

from bench.catalogue import Benchmark
from bench.figures import CannotBeTrueError, Figures
from bench.peers.starting import PeerUnavailableError
from bench.report import Row, Section
from bench.shapes import Shape
from bench.target import Target

_MORE_TRIES = 4
QUIET = "measure again, a few times, where other work took more than this share of a core"


class Peer(Protocol):
    """How a server is started: a module of bench.peers, or an object like one."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of a module

    def describe(self, cache: Path) -> str: ...

    def serve(self, folder: Path, cache: Path, shape: Shape) -> AbstractContextManager[Target]: ...


def section(
    name: str,
    benchmark: Benchmark,
    shape: Shape,
    peers: Sequence[Peer],
    repeat: int,
    folder: Path,
    quiet: float = math.inf,
) -> Section:
    """All servers' runs of one measurement. A server that fails once is left out, with the reason.

    A run in which the machine's other work took more than the share `quiet` of a core is made again, a few times at
    most; the least disturbed one counts.
    """
    rows = [Row(peer.NAME) for peer in peers]
    for number in range(repeat):
        for peer, row in zip(peers, rows, strict=True):
            if row.reason:
                continue
            load = os.getloadavg()[0]
            words = f"{name}: {peer.NAME}, run {number + 1} of {repeat}, load average {load:.2f}"
            print(words, file=sys.stderr, flush=True)
            try:
                row.runs.append(_quietest(benchmark, shape, peer, folder, quiet))
                row.loads.append(round(load, 2))
            except (PeerUnavailableError, CannotBeTrueError, OSError) as error:
                row.runs.clear()
                row.reason = " ".join(str(error).split()) or type(error).__name__
    return Section(name, str(shape), benchmark.columns, rows)


def _quietest(benchmark: Benchmark, shape: Shape, peer: Peer, folder: Path, quiet: float) -> Figures:
    best = _run(benchmark, shape, peer, folder)
    for _ in range(_MORE_TRIES):
        if disturbed(best) <= quiet:
            break
        print(f"others used {disturbed(best):.0%} of a core: once more", file=sys.stderr, flush=True)
        best = min(best, _run(benchmark, shape, peer, folder), key=disturbed)
    return best


def disturbed(run: Figures) -> float:
    return run.get("others_cpu_share", 0.0)


def _run(benchmark: Benchmark, shape: Shape, peer: Peer, folder: Path) -> Figures:
    # Each run has a server of its own: nothing is left over from the one before.
    with peer.serve(folder, folder / "cache", shape) as target:
        return uvloop.run(_measured(benchmark, target, shape))


async def _measured(benchmark: Benchmark, target: Target, shape: Shape) -> Figures:
    # Whatever happens, a load test ends by itself.
    async with asyncio.timeout(300 + 3 * benchmark.lasts * shape.seconds):
        return await benchmark.measure(target, shape)
