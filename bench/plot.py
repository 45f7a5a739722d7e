"""Draws curves as an SVG file: panels side by side, both axes logarithmic, each line named at its end.

The picture carries its own background and follows the reader's light or dark setting, so that it can stand on any page.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 440, 340  # a panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 112, 64, 48
_LABEL_GAP = 15
_LINES = 5  # colours that the style knows

_STYLE = """
.ground { fill: oklch(0.985 0.006 85); stroke: oklch(0.9 0.01 85); }
text { font: 13px system-ui, sans-serif; fill: oklch(0.3 0.02 80); font-variant-numeric: tabular-nums; }
.title { font-size: 15px; font-weight: 600; }
.quiet { fill: oklch(0.47 0.02 80); }
.grid { stroke: oklch(0.9 0.01 85); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.first { stroke-width: 3; }
.name { font-weight: 600; }
.c0 { --c: oklch(0.48 0.09 195); } .c1 { --c: oklch(0.55 0.15 40); } .c2 { --c: oklch(0.5 0.13 310); }
.c3 { --c: oklch(0.5 0.1 130); } .c4 { --c: oklch(0.5 0.12 255); }
.line { stroke: var(--c); } .dot, .name { fill: var(--c); }
.dashed { stroke-dasharray: 5 5; }
@media (prefers-color-scheme: dark) {
  .ground { fill: oklch(0.22 0.012 80); stroke: oklch(0.32 0.012 80); }
  text { fill: oklch(0.92 0.01 85); }
  .quiet { fill: oklch(0.74 0.015 85); }
  .grid { stroke: oklch(0.32 0.012 80); }
  .c0 { --c: oklch(0.8 0.1 190); } .c1 { --c: oklch(0.76 0.13 45); } .c2 { --c: oklch(0.77 0.11 310); }
  .c3 { --c: oklch(0.79 0.12 130); } .c4 { --c: oklch(0.76 0.1 250); }
}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve; all values above 0. `colour` counts from 0, which is drawn boldest."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram: `title` says what is measured in which unit, `across` what grows to the right."""

    title: str
    across: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis: values from `low` to `high` onto pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        if self.low == self.high:
            return (self.start + self.end) / 2
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """1, 2 and 5 of each power of ten; only the powers where those would be too many."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if self.high / self.low <= 300 else (1,)
        all_of_them = [step * 10.0**power for power in powers for step in steps]
        return [tick for tick in all_of_them if self.low * 0.999 <= tick <= self.high * 1.001]


def scale(values: Sequence[float], start: float, end: float) -> Scale:
    """An axis that holds all values, and a little more, so that a flat line lies in the middle."""
    low, high = min(values), max(values)
    if low <= 0:
        raise ValueError("a logarithmic axis has no place for 0")
    room = max(1.15, (10 / (high / low)) ** 0.5 if high / low < 10 else 1.15)
    return Scale(low / room, high * room, start, end)


def draw(title: str, panels: Sequence[Panel]) -> str:
    """The SVG text. `title` is for those who cannot see it."""
    width = _WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" height="{_HEIGHT - 1}" rx="10"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * _WIDTH} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> Iterator[str]:
    places = sorted({x for line in panel.lines for x, _ in line.points})
    across = Scale(places[0], places[-1], _LEFT, _WIDTH - _RIGHT)
    up = scale([y for line in panel.lines for _, y in line.points], _HEIGHT - _BOTTOM, _TOP)
    yield f'<text class="title" x="20" y="34">{escape(panel.title)}</text>'
    for tick in up.ticks():
        y = up.at(tick)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text class="quiet" text-anchor="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{tick:,g}</text>'
    for place in spaced([across.at(each) for each in places], 34):
        value, x = places[place], across.at(places[place])
        yield f'<text class="quiet" text-anchor="middle" x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 20}">{value:,g}</text>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<text class="quiet" text-anchor="middle" x="{middle}" y="{_HEIGHT - 10}">{escape(panel.across)}</text>'
    for line in sorted(panel.lines, key=lambda each: -each.colour):
        yield from _line(line, across, up)
    heights = apart([up.at(line.points[-1][1]) for line in panel.lines], _LABEL_GAP)
    for line, height in zip(panel.lines, heights, strict=True):
        x = across.at(line.points[-1][0]) + 10
        yield f'<text class="name c{line.colour % _LINES}" x="{x:.1f}" y="{height + 4:.1f}">{escape(line.name)}</text>'


def _line(line: Line, across: Scale, up: Scale) -> Iterator[str]:
    points = [(across.at(x), up.at(y)) for x, y in line.points]
    kind = f"c{line.colour % _LINES}{' first' * (line.colour == 0)}{' dashed' * line.dashed}"
    yield f'<path class="line {kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
    for x, y in points:
        yield f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'


def spaced(places: Sequence[float], gap: float) -> list[int]:
    """Which of the ascending places can be labelled with at least `gap` pixels between them; the first always."""
    kept: list[int] = []
    for number, place in enumerate(places):
        if not kept or place - places[kept[-1]] >= gap:
            kept.append(number)
    return kept


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """The heights moved apart, in their order, until each is `gap` pixels from the next."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=lambda each: moved[each])
    for above, below in itertools.pairwise(order):
        moved[below] = max(moved[below], moved[above] + gap)
    if order:
        # What was pushed down too far goes up again by half, all together.
        shift = (moved[order[-1]] - heights[order[-1]]) / 2
        moved = [each - shift for each in moved]
    return moved
