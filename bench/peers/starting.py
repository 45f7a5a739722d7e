"""Starting a peer's server and waiting until it listens."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.local.logs import last_words
from ops.local.network import LOOPBACK
from ops.local.supervisor import Program, Supervisor

_START_TIMEOUT = 30.0


class PeerUnavailableError(Exception):
    """A peer cannot be measured here; the text says why."""


@contextmanager
def running(program: Program, port: int) -> Iterator[int]:
    """Run a server until the end of the block; its process id. Raises PeerUnavailableError."""
    supervisor = Supervisor(lambda line: None)
    try:
        supervisor.start(program)
        _wait(supervisor, program, port)
        yield supervisor.processes()[program.name]
    finally:
        supervisor.stop(program.name)
        supervisor.close()


def run(argv: Sequence[str], timeout: float = 300, cwd: Path | None = None) -> str:
    """What a command printed. Raises PeerUnavailableError with its last line."""
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)
    except FileNotFoundError:
        raise PeerUnavailableError(f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise PeerUnavailableError(f"{argv[0]} did not end within {timeout:g} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise PeerUnavailableError(f"{' '.join(argv[:2])} failed: {said[-1]}")
    return done.stdout


def _wait(supervisor: Supervisor, program: Program, port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not _listens(port):
        if supervisor.starts(program.name) > 1 or time.monotonic() > deadline:
            words = last_words(program.log, 3) if program.log is not None else ""
            raise PeerUnavailableError(f"{program.name} does not start: {words}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
