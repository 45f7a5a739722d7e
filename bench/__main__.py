"""bin/bench: our server beside its peers. See docs/benchmarks.md."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import uvloop

from bench.entries import connects, memory
from bench.fanout import Figures, fanout
from bench.figures import CannotBeTrueError
from bench.peers import bun, guide, snug, socketio
from bench.peers.starting import PeerUnavailableError
from bench.report import Row, Section, machine, table, write
from bench.shapes import Shape
from bench.target import Target
from ops.local.data_dir import default_data_dir
from ops.local.network import raise_file_limit
from ops.local.terminal import run


class Peer(Protocol):
    """A module of bench.peers."""

    NAME: str

    def describe(self, cache: Path) -> str: ...

    def serve(self, folder: Path, cache: Path, shape: Shape) -> AbstractContextManager[Target]: ...


PEERS: dict[str, Peer] = {peer.NAME: peer for peer in (snug, guide, socketio, bun)}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One measurement: what it does to a target, in which shape, and which figures the table shows."""

    measure: Callable[[Target, Shape], Awaitable[Figures]]
    rooms: int
    connections: int
    rate: float  # messages a second over all rooms
    columns: tuple[str, ...]

    def shape(self, options: argparse.Namespace) -> Shape:
        rooms = self.rooms
        connections = options.connections or self.connections
        return Shape(rooms, max(1, connections // rooms) * rooms, options.rate or self.rate, options.seconds)


_COSTS = ("server_us", "redis_us", "database_us")
_TALK = (*_COSTS, "p50_ms", "p99_ms", "max_ms", "last_p99_ms", "delivered_share", "stored_share")
_HONESTY = ("late_p99_ms", "generator_cpu_share")
BENCHMARKS = {
    "fanout": Benchmark(fanout, 1, 500, 40, (*_TALK, *_HONESTY)),
    "rooms": Benchmark(fanout, 100, 500, 500, (*_TALK, *_HONESTY)),
    "memory": Benchmark(memory, 100, 1000, 1, ("pss_kib", "rss_kib")),
    "connects": Benchmark(
        connects, 100, 1000, 1, ("connects_per_s", *_COSTS, "refused", "generator_cpu_share")
    ),
}


def main() -> int:
    options = _options()
    raise_file_limit()
    folder = (options.data_dir or default_data_dir() / "bench").absolute()
    sections: list[Section] = []
    where = machine()
    for name in options.names or list(BENCHMARKS):
        section = _section(name, options, folder)
        sections.append(section)
        print(table(section), flush=True)
    versions = {name: PEERS[name].describe(folder / "cache") for name in options.peers}
    report = {"machine": where, "versions": versions, "sections": [asdict(each) for each in sections]}
    target = folder / "benchmarks.json"
    write(target, report)
    print(*(f"{name}: {value}" for name, value in (where | versions).items()), f"JSON: {target}", sep="\n")
    return 0 if all(row.runs for each in sections for row in each.rows if row.peer == snug.NAME) else 1


def _section(name: str, options: argparse.Namespace, folder: Path) -> Section:
    benchmark = BENCHMARKS[name]
    shape = benchmark.shape(options)
    section = Section(name, str(shape), benchmark.columns)
    for peer in options.peers:
        row = Row(peer)
        section.rows.append(row)
        try:
            for number in range(options.repeat):
                print(f"{name}: {peer}, run {number + 1} of {options.repeat}", file=sys.stderr, flush=True)
                # Each run has a server of its own: nothing is left over from the one before.
                with PEERS[peer].serve(folder, folder / "cache", shape) as target:
                    row.runs.append(uvloop.run(_measured(benchmark, target, shape)))
        except (PeerUnavailableError, CannotBeTrueError, OSError) as error:
            row.runs.clear()
            row.reason = f"{error}"
    return section


async def _measured(benchmark: Benchmark, target: Target, shape: Shape) -> Figures:
    # Whatever happens, a load test ends by itself.
    async with asyncio.timeout(300 + 3 * shape.seconds):
        return await benchmark.measure(target, shape)


def _options(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure Snug beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all of them")
    parser.add_argument("--connections", type=int, metavar="N", help="clients (500; memory, connects: 1000)")
    parser.add_argument("--rate", type=float, metavar="M", help="messages a second in all (40; rooms: 500)")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="measured time (10)")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="runs, of which the median is shown"
    )
    parser.add_argument("--peers", default=",".join(PEERS), help=f"({','.join(PEERS)})")
    parser.add_argument("--data-dir", type=Path, metavar="D", help="data folder (.snug/bench)")
    options = parser.parse_args(words)
    options.peers = options.peers.split(",")
    for given, known in ((options.names, BENCHMARKS), (options.peers, PEERS)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"{unknown[0]!r} is not one of {', '.join(known)}")
    if min(options.connections or 1, options.rate or 1, options.seconds, options.repeat) <= 0:
        parser.error("numbers must be greater than 0")
    return options


if __name__ == "__main__":
    run("bin/bench", main)
