"""What the search index costs those who speak, and how long a search takes.

The closed loop of `durable`, in turns with the indexer standing still and at work all the while; then so many messages
are put into a room, indexed, and searched over HTTP.
"""

import asyncio
from contextlib import nullcontext
from statistics import median
from typing import Final

from bench.crowd import crowd
from bench.durable import Loop
from bench.fanout import WARM_UP
from bench.figures import CannotBeTrueError, Figures, percentile
from bench.processes import Stopwatch
from bench.shapes import Shape
from bench.target import SearchSide, Target

MESSAGES: Final = 200_000
# Of 20,000 words, w1 is in nearly half of the messages, and w19990 in some ten of them; w1 is the beginning of many.
QUESTIONS: Final = {"rare": "w19990 ", "common": "w2", "two": "w3 w17", "beginning": "w"}
ASKED: Final = 20
_TURNS = 4


async def search(target: Target, shape: Shape) -> Figures:
    """One run: medians of two turns each. Raises CannotBeTrueError."""
    if target.search is None:
        raise CannotBeTrueError("it finds nothing")
    side = target.search
    rates: dict[bool, list[float]] = {True: [], False: []}
    busy = 0.0
    async with crowd(target) as people:
        await people.enter(shape.clients)
        if people.failures:
            raise CannotBeTrueError(f"{len(people.failures)} clients did not get in: {people.failures[0]}")
        await people.settle()
        await Loop(people, shape).run(WARM_UP)
        with side.worker_stopped():
            for turn in range(_TURNS):
                with_it = turn % 4 in (1, 2)  # without, with, with, without: what drifts falls on both
                watch = Stopwatch(target.processes)
                loop = Loop(people, shape)
                with side.indexing() if with_it else nullcontext():
                    if with_it:
                        await Loop(people, shape).run(WARM_UP)  # until the indexer has started
                    await loop.run(shape.seconds)
                busy = max(busy, watch.stop()["others_cpu_share"])
                if len(loop.acknowledged) != loop.sent:
                    raise CannotBeTrueError(
                        f"{loop.sent} messages sent, {len(loop.acknowledged)} acknowledged"
                    )
                rates[with_it].append(loop.in_time / shape.seconds)
    without, with_it_too = median(rates[False]), median(rates[True])
    return {
        "without_per_s": without,
        "with_per_s": with_it_too,
        "change_percent": (with_it_too / without - 1) * 100,
        "without_spread_percent": _spread(rates[False]),
        "with_spread_percent": _spread(rates[True]),
        "others_cpu_share": busy,
    } | await asyncio.to_thread(found, side, MESSAGES, ASKED)


def found(side: SearchSide, count: int, asked: int) -> Figures:
    """How many messages a second are indexed, and how long searches over `count` messages take."""
    with side.worker_stopped():
        side.index()
        side.fill(count)
        messages, seconds = side.index()
    if messages < count:
        raise CannotBeTrueError(f"{messages} of {count} messages indexed")
    figures: Figures = {"indexed_per_s": messages / seconds}
    slowest = 0.0
    for name, question in QUESTIONS.items():
        answers = [side.ask(question) for _ in range(asked)]
        if len({hits for _, hits in answers}) != 1:
            raise CannotBeTrueError(f"{question!r} found now more, now fewer")
        took = sorted(milliseconds for milliseconds, _ in answers)
        figures[f"{name}_p50_ms"] = percentile(took, 0.5)
        figures[f"{name}_hits"] = answers[0][1]
        slowest = max(slowest, took[-1])
    return figures | {"slowest_ms": slowest}


def _spread(rates: list[float]) -> float:
    """How far the turns lie apart, in percent: a change below that says nothing."""
    return (max(rates) / min(rates) - 1) * 100
