"""Time as tests have it: a courier that is told how late it is, and a receiver that is killed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.local import Stack
from ops.local.paths import PROJECT


class Courier:
    """The product's own courier, with a clock of ours."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def later(self, seconds: float) -> None:
        """So much later: what is due by then is attempted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


@contextmanager
def courier(stack: Stack) -> Iterator[Courier]:
    words = [sys.executable, "-m", "tests.webhooks.simulated_courier"]
    process = subprocess.Popen(
        words, cwd=PROJECT, env=stack.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Courier(process)
    finally:
        process.kill()
        process.wait()


class Machine:
    """A receiver's machine: its port stays, what it was told stays, its process comes and goes."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "received"
        self._log.touch()
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def is_up(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Serve again; returns once it does."""
        words = [sys.executable, "-m", "tests.webhooks.receiver_process", str(self.port), str(self._log)]
        self._process = subprocess.Popen(words, cwd=PROJECT)
        deadline = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < deadline

    def kill(self) -> None:
        """`kill -9`, at whatever moment this is."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def received(self) -> list[dict[str, Any]]:
        """Everything it ever took, repeats too. A line that a kill cut short was never answered."""
        lines = self._log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
