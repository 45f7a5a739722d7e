"""What a launch says to the person who started it: short lines, each step with its time."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from ops.local.errors import LaunchError

_STEP_WIDTH = 38


class Terminal:
    """Writes to `stream`; a command whose stdout is its product gives stderr here."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._in_step = False

    def line(self, text: str = "") -> None:
        """One line of its own. Any thread may call it."""
        if self._in_step:
            self._write("\n")
            self._in_step = False
        self._write(f"{text}\n")

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """One line for a piece of work: its name when it begins, its time when it is done."""
        started = time.monotonic()
        self._write(f"  {label} ".ljust(_STEP_WIDTH))
        self._in_step = True
        try:
            yield
        except BaseException:
            self.line()
            raise
        taken = f"{time.monotonic() - started:5.1f} s\n"
        self._write(taken if self._in_step else " " * _STEP_WIDTH + taken)
        self._in_step = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal was closed; the work goes on
            self._in_step = False


def run(command: str, main: Callable[[], int]) -> NoReturn:
    """Run a command's `main`; a LaunchError becomes its one line and exit code 1."""
    try:
        code = main()
    except LaunchError as error:
        print(f"{command}: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
