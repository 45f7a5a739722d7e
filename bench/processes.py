"""What processes cost, read from /proc: CPU seconds and memory of a process and everything below it."""

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def cpu_seconds(root: int) -> float:
    """User and system time of a process, its living descendants, and those of them that were waited for."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in family(root)) / _TICKS


def cpu_of_self() -> float:
    """CPU seconds of this process alone: what the load generator has used."""
    times = os.times()
    return times.user + times.system


def memory_bytes(root: int) -> tuple[int, int]:
    """RSS and PSS of a process and its descendants. PSS shares out what several of them map."""
    each = [kib_of(pid) for pid in family(root)]
    return sum(kib["Rss"] for kib in each) * 1024, sum(kib["Pss"] for kib in each) * 1024


def kib_of(pid: int) -> dict[str, int]:
    """The memory of one process by kind, in KiB: Rss, Pss, Private_Dirty, …; zeros once it is gone."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    except (FileNotFoundError, ProcessLookupError):
        return dict.fromkeys(("Rss", "Pss", "Private_Clean", "Private_Dirty"), 0)
    return {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}


def family(root: int) -> list[int]:
    """The process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        try:
            children.setdefault(int(_stat(pid)[1]), []).append(pid)
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


class CpuMeter:
    """CPU seconds that each role's processes use from now on. A role that loses a process raises OSError."""

    def __init__(self, roles: Mapping[str, Iterable[int]]) -> None:
        self._roles = {role: tuple(pids) for role, pids in roles.items()}
        self._before = self._read()

    def used(self) -> dict[str, float]:
        return {role: after - self._before[role] for role, after in self._read().items()}

    def _read(self) -> dict[str, float]:
        return {role: sum(cpu_seconds(pid) for pid in pids) for role, pids in self._roles.items()}


class Stopwatch:
    """Times a measurement, and says who used the processor meanwhile: each role, ourselves, and everyone else."""

    def __init__(self, roles: Mapping[str, Iterable[int]]) -> None:
        self._meter = CpuMeter(roles)
        self._own, self._machine, self._began = cpu_of_self(), _machine_cpu(), time.perf_counter()
        self.wall = 0.0
        self.used: dict[str, float] = {}  # CPU seconds by role

    def stop(self) -> dict[str, float]:
        """The shares of one core that the load generator used, and whoever is no part of this measurement."""
        self.wall = time.perf_counter() - self._began
        self.used, own = self._meter.used(), cpu_of_self() - self._own
        others = _machine_cpu() - self._machine - own - sum(self.used.values())
        return {"generator_cpu_share": own / self.wall, "others_cpu_share": max(0.0, others / self.wall)}


def _machine_cpu() -> float:
    """CPU seconds that all processes of this machine have used: neither idle nor waiting for a disk."""
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(
        int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir(_PROC) if entry.isdigit()]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets: state, ppid, …"""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
