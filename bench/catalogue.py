"""What can be measured, in which shape unless told otherwise, of whom, and which figures its table shows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bench.durable import durable
from bench.entries import connects, memory
from bench.fanout import fanout
from bench.figures import Figures
from bench.search import search
from bench.shapes import Shape
from bench.stalled import stalled
from bench.target import Target

_COSTS = ("server_us", "redis_us", "database_us")
_SHARES = ("generator_cpu_share", "others_cpu_share")
_HONESTY = ("late_p99_ms", *_SHARES)
_TALK = (
    *_COSTS, "p50_ms", "p99_ms", "max_ms", "last_p99_ms", "commit_ms", "delivered_share", "stored_share", *_HONESTY
)  # fmt: skip
_STORING = (
    "durable_per_s", "one_commit_per_s", "ratio", "commit_ms", "ack_p50_ms", "ack_p99_ms", "acknowledged_share",
    "stored_at_ack_share", *_COSTS, "generator_cpu_share", "others_cpu_share",
)  # fmt: skip
_QUICK = ("snug", "ejabberd", "socketio", "bun")
_SLOW_TOO = ("snug", "guide", "guide-daphne", "ejabberd", "socketio", "bun")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One measurement. `rate` is messages a second over all rooms, `lasts`: it takes so many measured times."""

    measure: Callable[[Target, Shape], Awaitable[Figures]]
    rooms: int
    connections: int
    rate: float
    columns: tuple[str, ...]
    peers: tuple[str, ...]
    outstanding: int = 0
    fsync_ms: float = 0
    lasts: int = 1

    def shape(self, connections: int | None, rate: float | None, seconds: float, workers: int) -> Shape:
        return Shape(
            rooms=self.rooms,
            connections=max(1, (connections or self.connections) // self.rooms) * self.rooms,
            rate=rate or self.rate,
            seconds=seconds,
            outstanding=self.outstanding,
            workers=workers,
            fsync_ms=self.fsync_ms,
        )


BENCHMARKS: Final = {
    "fanout": Benchmark(fanout, 1, 500, 40, _TALK, _QUICK),
    "rooms": Benchmark(fanout, 100, 500, 500, _TALK, _QUICK),
    "small": Benchmark(fanout, 1, 50, 10, _TALK, _SLOW_TOO),
    "memory": Benchmark(memory, 100, 1000, 1, ("pss_kib", "rss_kib"), _SLOW_TOO),
    "connects": Benchmark(
        connects, 100, 1000, 1, ("connects_per_s", *_COSTS, "refused", *_SHARES), _SLOW_TOO
    ),
    "durable": Benchmark(durable, 100, 200, 1, _STORING, ("snug", "guide", "ejabberd"), outstanding=4),
    # A disk of the ordinary kind. Many more under way: each waits for several commits of others.
    "durable-7ms": Benchmark(durable, 100, 200, 1, _STORING, ("snug",), outstanding=8, fsync_ms=7),
    "search": Benchmark(
        search, 100, 200, 1,
        (
            "without_per_s", "with_per_s", "change_percent", "without_spread_percent", "with_spread_percent",
            "indexed_per_s", "rare_p50_ms", "common_p50_ms", "two_p50_ms", "beginning_p50_ms", "slowest_ms",
            "others_cpu_share",
        ),
        ("snug",), outstanding=4, lasts=8,
    ),
    "stalled": Benchmark(
        stalled, 1, 500, 40,
        (
            "p99_without_ms", "p99_with_ms", "change_percent", "p99_without_spread_ms", "p99_with_spread_ms",
            "closed_share", "closed_4008_share", "delivered_share", "others_cpu_share",
        ),
        ("snug",), lasts=6,
    ),
}  # fmt: skip
