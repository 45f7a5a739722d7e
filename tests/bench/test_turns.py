"""Servers are measured in turns, and one that fails spoils nobody else's row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bench.catalogue import Benchmark
from bench.client import Door
from bench.figures import CannotBeTrueError, Figures
from bench.peers.starting import PeerUnavailableError
from bench.report import table
from bench.shapes import Shape
from bench.target import Target
from bench.turns import section

SHAPE = Shape(1, 1, 1, 1)


@dataclass
class Peer:
    NAME: str
    order: list[str]
    available: bool = True
    failing: list[bool] = field(default_factory=list)

    def describe(self, cache: Path) -> str:
        return self.NAME

    @contextmanager
    def serve(self, folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
        if not self.available:
            raise PeerUnavailableError("it is not\ninstalled")
        self.order.append(self.NAME)
        yield Target(self.NAME, 1, {}, lambda number, room: Door("/", "localhost"))


async def measure(target: Target, shape: Shape) -> Figures:
    if target.name == "liar":
        raise CannotBeTrueError("it took less than no time")
    return {"p50_ms": 1.0}


MEASUREMENT = Benchmark(measure, 1, 1, 1, ("p50_ms",), ())


def test_every_server_has_its_first_run_before_any_has_its_second(tmp_path: Path) -> None:
    order: list[str] = []
    found = section("fanout", MEASUREMENT, SHAPE, [Peer("a", order), Peer("b", order)], 2, tmp_path)
    assert order == ["a", "b", "a", "b"]
    assert [(len(row.runs), len(row.loads)) for row in found.rows] == [(2, 2), (2, 2)]


def test_a_server_that_fails_is_left_out_with_the_reason_and_the_others_go_on(tmp_path: Path) -> None:
    order: list[str] = []
    peers = [Peer("absent", order, available=False), Peer("liar", order), Peer("b", order)]
    found = section("fanout", MEASUREMENT, SHAPE, peers, 2, tmp_path)
    assert order == ["liar", "b", "b"]
    assert [row.reason for row in found.rows] == ["it is not installed", "it took less than no time", ""]
    assert "Load average before each run: b" in table(found)


async def disturbed_until_the_third(target: Target, shape: Shape) -> Figures:
    _shares.append(0.9 - 0.3 * len(_shares))
    return {"p50_ms": 1.0, "others_cpu_share": _shares[-1]}


async def always_disturbed(target: Target, shape: Shape) -> Figures:
    _shares.append([0.9, 0.5, 0.7, 0.8, 0.6][len(_shares) % 5])
    return {"p50_ms": 1.0, "others_cpu_share": _shares[-1]}


_shares: list[float] = []


def test_a_disturbed_run_is_made_again_and_the_quiet_one_counts(tmp_path: Path) -> None:
    _shares.clear()
    again = replace(MEASUREMENT, measure=disturbed_until_the_third)
    found = section("fanout", again, SHAPE, [Peer("a", [])], 1, tmp_path, quiet=0.35)
    assert [run["others_cpu_share"] for run in found.rows[0].runs] == [pytest.approx(0.3)]


def test_where_it_never_gets_quiet_the_least_disturbed_run_counts(tmp_path: Path) -> None:
    _shares.clear()
    again = replace(MEASUREMENT, measure=always_disturbed)
    found = section("fanout", again, SHAPE, [Peer("a", [])], 1, tmp_path, quiet=0.1)
    assert ([run["others_cpu_share"] for run in found.rows[0].runs], len(_shares)) == ([0.5], 5)
