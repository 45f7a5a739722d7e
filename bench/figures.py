"""The arithmetic: percentiles, medians, and the checks that a figure can be true at all."""

import math
from collections.abc import Sequence
from statistics import median

Figures = dict[str, float]


class CannotBeTrueError(Exception):
    """A measurement contradicts itself; it must not be printed."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the ascending values do not exceed: nearest rank."""
    if not ordered:
        raise CannotBeTrueError("a percentile of nothing was asked for")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def medians(runs: Sequence[Figures]) -> Figures:
    """The median of each figure over runs that hold the same figures."""
    return {name: median(run[name] for run in runs) for name in runs[0]}


def check(sent: int, readers: int, delivered: int, twice: int, latencies: Sequence[float]) -> None:
    """Raise CannotBeTrueError unless a fan-out's counts agree. Loss is a result, not a contradiction.

    `readers` is the number of connections that should get each message; latencies are milliseconds.
    """
    if sent <= 0:
        raise CannotBeTrueError("nothing was sent")
    if not delivered:
        raise CannotBeTrueError("nothing arrived")
    if len(latencies) != delivered:
        raise CannotBeTrueError(f"{len(latencies)} latencies of {delivered} deliveries")
    if twice:
        raise CannotBeTrueError(f"{twice} messages reached the same connection twice")
    if delivered > sent * readers:
        raise CannotBeTrueError(f"{delivered} deliveries of {sent} messages to {readers} connections")
    if any(each <= 0 for each in latencies):
        raise CannotBeTrueError("a message arrived before it was sent")


def check_cpu(seconds: float, wall: float, cores: int, role: str) -> None:
    """Raise CannotBeTrueError for CPU seconds that no process of this machine can have used in `wall` seconds."""
    # One clock tick a core and more: /proc counts in hundredths of a second.
    if seconds < 0 or seconds > (wall + 0.1) * cores:
        raise CannotBeTrueError(f"{role} used {seconds:.2f} s of CPU in {wall:.2f} s on {cores} cores")
