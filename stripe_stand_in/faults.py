"""Answers that come late or as an error, on demand (`/_control/faults`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch


@dataclass
class Fault:
    """For the next `times` calls of this method and path (patterns).

    `after`: the work is done and only the answer is lost, as when a connection breaks. `seconds` before the work.
    """

    method: str = "*"
    path: str = "*"
    status: int = 0
    after: bool = False
    seconds: float = 0.0
    times: int = 1


@dataclass
class Faults:
    """The faults that are still to come."""

    waiting: list[Fault] = field(default_factory=list)

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self.waiting:
            if fnmatch(method, fault.method) and fnmatch(path, fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
