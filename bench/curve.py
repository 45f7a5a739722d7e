"""`bin/bench curve`: how CPU a delivery and latency change from few connections, rooms and tenants to many.

Deliveries a second stay the same along a curve: what changes is only over how many connections or rooms they spread.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.catalogue import BENCHMARKS
from bench.figures import Figures, medians
from bench.plot import Line, Panel, draw
from bench.report import machine, markdown, write
from bench.shapes import Shape
from bench.turns import QUIET, Peer, section
from ops.local.data_dir import default_data_dir

Points = dict[str, dict[str, Figures]]  # line → place on the axis → medians

_SHOWN: Final = {"server_us": "server CPU a delivery, µs", "last_p99_ms": "p99 to the last reader, ms"}
_DATABASE: Final = "database_us"


@dataclass(frozen=True, slots=True)
class Curve:
    """One axis: its places, and how many deliveries a second every place has."""

    across: str
    places: tuple[int, ...]
    deliveries: int

    def shape(self, place: int, seconds: float) -> Shape:
        if self.across == "connections":
            return Shape(1, place, self.deliveries / place, seconds)
        tenants = place if self.across == "tenants" else 1
        return Shape(place, _CONNECTIONS, self.deliveries * place / _CONNECTIONS, seconds, tenants=tenants)


_CONNECTIONS: Final = 1000  # on the axes of rooms and tenants
CURVES: Final = {
    "connections": Curve("connections", (100, 200, 500, 1000, 2000, 5000), 10_000),
    "rooms": Curve("rooms", (1, 10, 100, 1000), 2_000),
    "tenants": Curve("tenants", (1, 10, 100, 1000), 2_000),
}


def main(peers: Mapping[str, Peer], words: Sequence[str]) -> int:
    options = _options(words)
    folder = (options.data_dir or default_data_dir() / "bench").absolute()
    stored = folder / "curve.json"
    if options.redraw:
        kept: dict[str, Any] = json.loads(stored.read_text())
    else:
        kept = {"machine": machine(), "versions": {}, "curves": {}}
        for name in options.names:
            chosen = [peers[each] for each in options.peers if name != "tenants" or each == "snug"]
            kept["versions"] |= {peer.NAME: peer.describe(folder / "cache") for peer in chosen}
            kept["curves"][name] = _measured(CURVES[name], chosen, options, folder)
            print(table(CURVES[name], kept["curves"][name]["lines"]), flush=True)
            write(stored, kept)
    pictures = options.pictures or folder
    pictures.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn({name: each["lines"] for name, each in kept["curves"].items()}).items():
        (pictures / f"benchmark-{name}.svg").write_text(picture)
    print(f"JSON: {stored}, pictures: {pictures}")
    return 0


def table(curve: Curve, lines: Points) -> str:
    """A line for each server and figure, a column for each place."""
    rows = [
        [f"{server}: {words}", *(_cell(found.get(str(place), {}).get(figure)) for place in curve.places)]
        for figure, words in {**_SHOWN, _DATABASE: "database CPU a delivery, µs"}.items()
        for server, found in lines.items()
        if any(figure in each for each in found.values())
    ]
    heads = [curve.across, *(f"{place:,}" for place in curve.places)]
    return "\n".join([f"### curve over {curve.across}", "", *markdown(heads, rows), ""])


def drawn(curves: Mapping[str, Points]) -> dict[str, str]:
    """Two pictures: over connections, and over rooms with ours over tenants beside it."""
    found: dict[str, str] = {}
    if "connections" in curves:
        found["connections"] = _picture(
            "connections (one room, 10,000 deliveries/s)", curves["connections"], {}
        )
    if "rooms" in curves or "tenants" in curves:
        across = f"rooms ({_CONNECTIONS:,} connections in all, 2,000 deliveries/s)"
        found["rooms"] = _picture(across, curves.get("rooms", {}), curves.get("tenants", {}))
    return found


def _picture(across: str, lines: Points, tenants: Points) -> str:
    named = [(server, found, number, False) for number, (server, found) in enumerate(lines.items())]
    named += [("snug, tenants", found, 0, True) for found in tenants.values()]
    panels = [
        Panel(
            words,
            across,
            [
                Line(name, points, colour, dashed)
                for name, found, colour, dashed in named
                # Less CPU than a clock tick is 0, for which a logarithmic axis has no place.
                if (
                    points := [
                        (float(place), each[figure]) for place, each in found.items() if each[figure] > 0
                    ]
                )
            ],
        )
        for figure, words in _SHOWN.items()
    ]
    return draw(f"{' and '.join(_SHOWN.values())}, over {across}", panels)


def _measured(
    curve: Curve, peers: Sequence[Peer], options: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    lines: Points = {peer.NAME: {} for peer in peers}
    sections: list[dict[str, Any]] = []
    for place in curve.places:
        if place > options.most:
            continue
        shape = curve.shape(place, options.seconds)
        found = section(
            f"{curve.across} {place}",
            BENCHMARKS["fanout"],
            shape,
            peers,
            options.repeat,
            folder,
            options.quiet,
        )
        sections.append(asdict(found))
        for row in found.rows:
            if row.runs:
                lines[row.peer][str(place)] = medians(row.runs)
    return {"lines": lines, "sections": sections}


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench curve", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(CURVES)}; all of them")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="measured time a point (10)")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="runs a point, of which the median"
    )
    parser.add_argument("--quiet", type=float, default=math.inf, metavar="SHARE", help=QUIET)
    parser.add_argument("--most", type=int, default=5000, metavar="N", help="leave out what is beyond (5000)")
    parser.add_argument("--peers", default="snug,socketio,bun", help="(snug,socketio,bun)")
    parser.add_argument("--data-dir", type=Path, metavar="D", help="data folder (.snug/bench)")
    parser.add_argument("--pictures", type=Path, metavar="D", help="where the pictures go (the data folder)")
    parser.add_argument("--redraw", action="store_true", help="only draw, from the last run's curve.json")
    options = parser.parse_args(words)
    options.peers, options.names = options.peers.split(","), options.names or list(CURVES)
    for name in options.names:
        if name not in CURVES:
            parser.error(f"{name!r} is not one of {', '.join(CURVES)}")
    return options
