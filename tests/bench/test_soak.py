"""The soak tells growth from noise, and its people keep to what the product promises them."""

import argparse
import random
from collections.abc import Callable

import pytest

from bench.peers import snug
from bench.shapes import Shape
from bench.soak.__main__ import judge, report, soak
from bench.soak.growth import growth, slope
from ops.local import Stack

TIMES = [10.0 * number for number in range(180)]


def grows(what: str, value: Callable[[float, random.Random], float]) -> bool:
    dice = random.Random(7)
    return growth(what, TIMES, [value(time, dice) for time in TIMES]).grows


def test_a_steady_leak_grows() -> None:
    assert grows("web-0 rss_kib", lambda time, dice: 90_000 + 5 * time + dice.gauss(0, 500))
    assert grows("web-0 tasks", lambda time, dice: 100 + time / 60 + dice.randint(-2, 2))


def test_what_fills_up_once_and_stays_does_not_grow() -> None:
    assert not grows("web-0 rss_kib", lambda time, dice: 90_000 + min(20 * time, 9_000) + dice.gauss(0, 100))


def test_noise_does_not_grow() -> None:
    assert not grows("web-0 files", lambda time, dice: 60 + dice.randint(-10, 10))
    assert not grows("redis keys", lambda time, dice: 42)


def test_a_change_within_the_grain_of_a_figure_is_none() -> None:
    assert not grows("web-0 rss_kib", lambda time, dice: 90_000 + time / 10)
    assert not grows("database connections", lambda time, dice: 10 + time / 1800)


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 9"):
        growth("web-0 tasks", TIMES[:8], TIMES[:8])


async def test_people_come_and_go_and_everything_is_looked_at(stack: Stack) -> None:
    shape = Shape(rooms=2, connections=6, rate=1, seconds=6, workers=2)
    (place,) = snug.workplaces(stack, shape)
    options = argparse.Namespace(pause=0.1, every=0.2)
    counts, times, samples = await soak(stack, place, shape, options)
    assert counts["out of order"] == 0
    assert not [what for what in counts if what.startswith(("error", "REST", "could not"))]
    assert counts["sent"] > 0
    assert counts["posted"] > 0
    assert all(each["web-0 tasks"] > 0 and each["web-1 tasks"] > 0 for each in samples)
    judged = {each.what for each in judge(times, samples)}
    assert {"web-0 rss_kib", "worker files", "redis keys", "database connections", "web-1 threads"} <= judged
    assert "| redis keys |" in report(shape, 0.1, counts, times, samples, judge(times, samples))
