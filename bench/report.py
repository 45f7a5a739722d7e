"""What a run says: a table for people, JSON for programs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Figures, medians


@dataclass(slots=True)
class Row:
    """One server in one measurement; without runs, `reason` says why there is none."""

    peer: str
    runs: list[Figures] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)  # the load average of one minute before each run
    reason: str = ""


@dataclass(slots=True)
class Section:
    """One measurement of all servers. `columns` are the figures that the table shows."""

    name: str
    shape: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


def machine() -> dict[str, Any]:
    """The machine, and how busy it was before anything started: three load averages."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": model[0].partition(":")[2].strip() if model else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
    }


def table(section: Section) -> str:
    """The section in Markdown: the median of each figure over its runs."""
    runs = max((len(row.runs) for row in section.rows), default=0)
    counted = f"median of {runs} runs" if runs > 1 else "one run"
    rows: list[list[str]] = []
    for row in section.rows:
        if not row.runs:
            rows.append([row.peer, f"left out: {row.reason}", *[""] * (len(section.columns) - 1)])
            continue
        found = medians(row.runs)
        rows.append([row.peer, *(_number(found.get(name)) for name in section.columns)])
    lines = [
        f"### {section.name}: {section.shape} ({counted})",
        "",
        *markdown(["server", *section.columns], rows),
    ]
    loads = [
        f"{row.peer} {', '.join(f'{each:.1f}' for each in row.loads)}" for row in section.rows if row.runs
    ]
    if loads:
        lines += ["", f"Load average before each run: {'; '.join(loads)}."]
    return "\n".join(lines) + "\n"


def write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
