"""What a run says about the targets: each from this run's own figures, or that they are missing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bench.figures import Figures, medians
from bench.report import Section, markdown

Found = Mapping[str, Mapping[str, Figures]]  # benchmark → server → the medians of its runs


@dataclass(frozen=True, slots=True)
class Goal:
    """One bound: in words, and computed from what was found. `at_least`: it is a floor, else a ceiling."""

    words: str
    bound: Callable[[Found], float]
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of ours and its bounds, the first to reach and the one to want."""

    what: str
    unit: str
    value: Callable[[Found], float]
    goals: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`met` is None, and `bound` 0, where this run lacks the figures."""

    what: str
    measured: str
    goal: str
    bound: float
    met: bool | None
    says: str


def _of(benchmark: str, figure: str, server: str = "snug", times: float = 1) -> Callable[[Found], float]:
    return lambda found: found[benchmark][server][figure] * times


def _socketio_and_a_commit(found: Found) -> float:
    return found["fanout"]["socketio"]["last_p99_ms"] + found["fanout"]["snug"]["commit_ms"]


TARGETS: Final = (
    Target(
        "server CPU a delivery, 500 connections in one room", "µs", _of("fanout", "server_us"),
        (
            Goal("0.6 x Socket.IO", _of("fanout", "server_us", "socketio", 0.6)),
            Goal("Bun", _of("fanout", "server_us", "bun")),
        ),
    ),
    Target(
        "server CPU a delivery, 100 rooms of 5", "µs", _of("rooms", "server_us"),
        (
            Goal("Socket.IO", _of("rooms", "server_us", "socketio")),
            Goal("0.5 x Socket.IO", _of("rooms", "server_us", "socketio", 0.5)),
        ),
    ),
    Target(
        "p99 from send to last reader, one room", "ms", _of("fanout", "last_p99_ms"),
        (Goal("Socket.IO plus one commit", _socketio_and_a_commit),),
    ),
    Target(
        "memory an open connection", "KiB", _of("memory", "rss_kib"),
        (Goal("25 KiB", lambda found: 25), Goal("20 KiB", lambda found: 20)),
    ),
    Target(
        "connections accepted a second", "/s", _of("connects", "connects_per_s"),
        (
            Goal("Socket.IO", _of("connects", "connects_per_s", "socketio"), at_least=True),
            Goal("1.5 x Socket.IO", _of("connects", "connects_per_s", "socketio", 1.5), at_least=True),
        ),
    ),
    Target(
        "durable messages a second, one process", "/s", _of("durable", "durable_per_s"),
        (Goal("20 x one commit a message", _of("durable", "one_commit_per_s", times=20), at_least=True),),
    ),
    Target(
        "the same where an fsync takes 7 ms", "/s", _of("durable-7ms", "durable_per_s"),
        (Goal("20 x one commit a message", _of("durable-7ms", "one_commit_per_s", times=20), at_least=True),),
    ),
    Target(
        "a stalled reader's effect on the others' p99", "%", _of("stalled", "change_percent"),
        (Goal("20 %", lambda found: 20),),
    ),
    Target(
        "stalled readers that were closed with 4008", "of them", _of("stalled", "closed_4008_share"),
        (Goal("1 (all)", lambda found: 1, at_least=True),),
    ),
)  # fmt: skip


def verdicts(sections: Iterable[Section]) -> list[Verdict]:
    """A verdict for each goal whose benchmark ran. A measurement made twice counts the last time."""
    found: dict[str, dict[str, Figures]] = {}
    for section in sections:
        found[section.name] = {row.peer: medians(row.runs) for row in section.rows if row.runs}
    return [
        _verdict(target, goal, found) for target in TARGETS for goal in target.goals if _ran(target, found)
    ]


def table(all_of_them: Iterable[Verdict]) -> str:
    rows = [(each.what, each.measured, each.goal, each.says) for each in all_of_them]
    return "\n".join(["### Targets", "", *markdown(("what", "measured", "target", "verdict"), rows), ""])


def _ran(target: Target, found: Found) -> bool:
    try:
        target.value(found)
    except KeyError:
        return False
    return True


def _verdict(target: Target, goal: Goal, found: Found) -> Verdict:
    value = target.value(found)
    measured = f"{value:.3g} {target.unit}" if value < 1000 else f"{value:,.0f} {target.unit}"
    sign = "≥" if goal.at_least else "≤"
    try:
        bound = goal.bound(found)
    except KeyError:
        return Verdict(
            target.what, measured, f"{sign} {goal.words}", 0, None, "nothing to set it beside in this run"
        )
    words = f"{sign} {goal.words}"
    if f"{bound:g}" not in goal.words:
        words += f" = {bound:.3g} {target.unit}" if bound < 1000 else f" = {bound:,.0f} {target.unit}"
    met = value >= bound if goal.at_least else value <= bound
    return Verdict(
        target.what, measured, words, bound, met, _says(target.unit, value, bound, met, goal.at_least)
    )


def _says(unit: str, value: float, bound: float, met: bool, at_least: bool) -> str:
    """By what factor a bound was met or missed; without one where it would say nothing (near 0, or below)."""
    if value <= 0 or bound <= 0:
        return "met" if met else "missed"
    factor = value / bound if at_least == met else bound / value
    if met and (factor < 1.005 or unit == "%"):
        return "met"
    return f"met, {factor:.2f} times better" if met else f"**missed by a factor of {factor:.2f}**"
