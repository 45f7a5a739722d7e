"""`bin/bench soak`: steady mixed traffic for `--minutes`, and what it leaves growing. See docs/benchmarks.md."""

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import uvloop

from bench.peers.snug import Workplace, describe, production, workplaces
from bench.report import machine, markdown, write
from bench.shapes import Shape
from bench.soak.growth import FEWEST, Growth, growth
from bench.soak.samples import Sample, sample
from bench.soak.traffic import Person, post
from ops.local import Stack
from ops.local.data_dir import default_data_dir
from ops.local.network import raise_file_limit
from ops.local.terminal import run

# Imports, pools, caches of prepared statements: what a process takes once, in its first minutes.
_WARM_UP: Final = 0.1
_FEWEST_SAMPLES = FEWEST + 1  # so many are left of them without the warm-up
# Only shown: a counter, and memory that several processes share.
_NOT_JUDGED: Final = ("cpu_s", "pss_kib")


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    raise_file_limit()
    folder = (options.data_dir or default_data_dir() / "bench").absolute()
    shape = Shape(options.rooms, options.people, 1, 60 * options.minutes, workers=options.workers)
    where = machine()
    with production(folder, shape) as stack:
        place = workplaces(stack, shape)[0]
        counts, times, samples = uvloop.run(soak(stack, place, shape, options))
    judged = judge(times, samples)
    print(report(shape, options.pause, counts, times, samples, judged))
    target = folder / "soak.json"
    write(
        target,
        {
            "machine": where,
            "version": describe(folder),
            "counts": counts,
            "times": times,
            "samples": samples,
            "growth": [asdict(each) for each in judged],
        },
    )
    print(*(f"{name}: {value}" for name, value in where.items()), f"JSON: {target}", sep="\n")
    return 1 if any(each.grows for each in judged) or counts["out of order"] else 0


def judge(times: Sequence[float], samples: Sequence[Sample]) -> list[Growth]:
    """A verdict for each figure, the first tenth of the time left out."""
    begin = round(len(times) * _WARM_UP)
    times, samples = times[begin:], samples[begin:]
    names = [name for name in samples[0] if name.rpartition(" ")[2] not in _NOT_JUDGED]
    return [growth(name, times, [each[name] for each in samples]) for name in sorted(names)]


def report(
    shape: Shape,
    pause: float,
    counts: Counter[str],
    times: Sequence[float],
    samples: Sequence[Sample],
    judged: Sequence[Growth],
) -> str:
    heads = ("figure", "first third", "second", "last", "noise", "slope an hour", "verdict")
    rows = [
        (
            each.what,
            *map(_number, (*each.thirds, each.noise, each.slope)),
            "**grows**" if each.grows else "steady",
        )
        for each in judged
    ]
    wall = times[-1] - times[0]
    cpu = [
        f"{name.removesuffix(' cpu_s')} {(samples[-1][name] - samples[0][name]) / wall:.1%}"
        for name in samples[0]
        if name.endswith(" cpu_s")
    ]
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
    title = (
        f"### soak: {shape.connections} people in {shape.rooms} rooms, each doing something every {pause:g} s, "
        f"{shape.workers} web processes, {shape.seconds / 60:g} minutes, {len(samples)} samples"
    )
    return "\n".join(
        [
            title,
            "",
            *markdown(heads, rows),
            "",
            f"Traffic: {told}.",
            f"Share of a core: {', '.join(cpu)}.",
            "",
        ]
    )


async def soak(
    stack: Stack, place: Workplace, shape: Shape, options: argparse.Namespace
) -> tuple[Counter[str], list[float], list[Sample]]:
    counts: Counter[str] = Counter({"out of order": 0})
    began = time.monotonic()
    until = began + shape.seconds
    times: list[float] = []
    samples: list[Sample] = []
    async with asyncio.TaskGroup() as group:
        for number in range(shape.connections):
            person = Person(number, place, counts, options.pause, shape.rooms)
            group.create_task(person.live(until))
        group.create_task(post(place, counts, options.pause / 2, shape.rooms, until))
        while (now := time.monotonic()) < until or len(samples) < _FEWEST_SAMPLES:
            samples.append(await asyncio.to_thread(sample, stack, place.host))
            times.append(now - began)
            print(f"{now - began:6.0f} s, load average {os.getloadavg()[0]:.2f}", file=sys.stderr, flush=True)
            await asyncio.sleep(max(0.0, now + options.every - time.monotonic()))
    return counts, times, samples


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, metavar="M", help="(30)")
    parser.add_argument("--every", type=float, default=10, metavar="S", help="seconds between samples (10)")
    parser.add_argument("--people", type=int, default=60, metavar="N", help="(60)")
    parser.add_argument("--rooms", type=int, default=10, metavar="N", help="(10)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="web processes (2)")
    parser.add_argument("--pause", type=float, default=3, metavar="S", help="a person's mean pause (3)")
    parser.add_argument("--data-dir", type=Path, metavar="D", help="data folder (.snug/bench)")
    options = parser.parse_args(words)
    if (
        min(options.minutes, options.every, options.people, options.rooms, options.workers, options.pause)
        <= 0
    ):
        parser.error("numbers must be greater than 0")
    if options.minutes * 60 / options.every < _FEWEST_SAMPLES:
        parser.error("fewer than ten samples say nothing: --minutes is too small, or --every too large")
    return options


if __name__ == "__main__":
    run("bin/bench soak", main)
