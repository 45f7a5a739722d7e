"""Whether a figure grows beyond its noise.

The samples are cut into thirds. A figure grows when its median rises from the first third to the second and again from
the second to the last, each time by more than the noise: the widest interquartile range of a third, but at least the
figure's grain. What fills up once and then stays (a cache, an allocator's arena) rises once only; what leaks rises
evenly, and then by twice the range within a third.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

# Below that nobody would call it growth: a share of the figure, and so many of its units.
_GRAIN_SHARE = 0.01
_GRAINS = {
    "kib": 512.0,
    "tasks": 2.0,
    "files": 2.0,
    "threads": 1.0,
    "keys": 3.0,
    "clients": 1.0,
    "connections": 1.0,
}
# Three in each third.
FEWEST: Final = 9


@dataclass(frozen=True, slots=True)
class Growth:
    """Medians of the thirds, the noise, the slope of the last two thirds an hour, and the verdict."""

    what: str
    thirds: tuple[float, float, float]
    noise: float
    slope: float
    grows: bool


def growth(what: str, times: Sequence[float], values: Sequence[float]) -> Growth:
    """`times` in seconds; at least `FEWEST` samples."""
    third = len(values) // 3
    if len(values) < FEWEST:
        raise ValueError(f"fewer than {FEWEST} samples say nothing")
    parts = values[:third], values[third : 2 * third], values[2 * third :]
    first, second, last = (median(part) for part in parts)
    noise = max(*map(_range, parts), grain(what, first))
    grows = second - first > noise and last - second > noise
    return Growth(what, (first, second, last), noise, slope(times[third:], values[third:]) * 3600, grows)


def grain(what: str, value: float) -> float:
    unit = what.rpartition(" ")[2].rpartition("_")[2]
    return max(_GRAINS.get(unit, 0.0), _GRAIN_SHARE * value if unit == "kib" else 0.0)


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Least squares, a second."""
    middle = sum(times) / len(times)
    level = sum(values) / len(values)
    spread = sum((each - middle) ** 2 for each in times)
    return sum((t - middle) * (v - level) for t, v in zip(times, values, strict=True)) / spread


def _range(values: Sequence[float]) -> float:
    quarters = quantiles(values, n=4)
    return quarters[2] - quarters[0]
