"""bin/serve: the production server of one node, N web processes on one listening socket."""

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

from ops.local.errors import LaunchError, fault_in
from ops.local.network import listen, port_of, raise_file_limit
from ops.local.paths import PROJECT, PYTHON
from ops.local.supervisor import Program, Supervisor
from ops.local.terminal import Terminal, run

_REQUIRED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")


def main() -> int:
    options = _options()
    _check_configuration()
    raise_file_limit()
    terminal = Terminal(sys.stderr)
    listener = listen(options.host, options.port)
    stop = _stop_event()
    supervisor = Supervisor(lambda line: terminal.line(f"bin/serve: {line}"))
    names = [f"web-{index}" for index in range(options.workers)]
    for name in names:
        supervisor.start(_web(name, listener.fileno(), options.drain))
    terminal.line(f"bin/serve: {options.workers} web processes on {options.host}:{port_of(listener)}")
    stop.wait()
    terminal.line("bin/serve: draining")
    listener.close()  # ours; the web processes close theirs as they drain
    supervisor.stop(*names)
    supervisor.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/serve",
        description="Serve Snug on this node. A worker that dies is started again; SIGTERM drains and ends.",
        epilog="Background work is a process of its own: run `bin/manage worker` beside it. Needed in the "
        f"environment: {', '.join(_REQUIRED)}.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="port to listen on (8000)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="one a core")
    parser.add_argument(
        "--drain", type=float, default=30, metavar="SECONDS", help="time to end after SIGTERM (30)"
    )
    options = parser.parse_args()
    if options.workers < 1:
        parser.error("--workers must be at least 1")
    return options


def _check_configuration() -> None:
    missing = [name for name in _REQUIRED if not os.environ.get(name)]
    if missing:
        raise LaunchError(f"{', '.join(missing)} must be set in the environment.")
    checked = subprocess.run(
        [PYTHON, str(PROJECT / "manage.py"), "check"], capture_output=True, text=True, check=False
    )
    if checked.returncode != 0:
        raise fault_in(checked.stderr, "the configuration is not right")


def _web(name: str, fd: int, drain: float) -> Program:
    return Program(
        name=name,
        argv=[PYTHON, "-m", "realtime.server", "--fd", str(fd)],
        env=dict(os.environ),
        cwd=Path(PROJECT),
        pass_fds=[fd],
        stop_timeout=drain,
    )


def _stop_event() -> threading.Event:
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, asked)
    return stop


if __name__ == "__main__":
    run("bin/serve", main)
