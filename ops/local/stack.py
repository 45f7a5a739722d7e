"""The whole product on one machine, as one object: bin/dev runs it, bin/manage borrows it, tests break it."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.local.data_dir import DataDir
from ops.local.environment import product_environment
from ops.local.errors import DataDirInUseError, LaunchError, fault_in
from ops.local.fingerprint import CATALOGUE, MIGRATIONS, fingerprint
from ops.local.logs import last_words
from ops.local.network import LOOPBACK, listen, port_of, raise_file_limit
from ops.local.parent_death import ends_with_parent
from ops.local.parts import Parts
from ops.local.paths import PROJECT, PYTHON
from ops.local.stripe import StripeStandIn
from ops.local.supervisor import Program, Supervisor

_POLL = 0.02
# A little more than a web process gives its own open requests.
_DRAIN = 25.0
_MOST_START_ATTEMPTS = 3


class Stack:
    """PostgreSQL, Valkey, web processes and the worker on one data folder.

    `port` 0 takes any free port. With `separate_web_ports` every web process listens on its own. `fast` gives
    up durability against a power cut, and vacuuming. `database_url` and `redis_url` name real servers to use
    instead of the embedded ones. With `own_stripe` the product buys from a stand-in for Stripe, which runs from
    `start_stripe` on. `extra_env` is added to what the product's processes get.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        web_workers: int = 2,
        worker: bool = True,
        port: int = 0,
        separate_web_ports: bool = False,
        fast: bool = False,
        database_url: str | None = None,
        redis_url: str | None = None,
        own_stripe: bool = True,
        extra_env: Mapping[str, str] | None = None,
        holder: str = "another Snug",
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.data_dir = DataDir(Path(data_dir))
        self.web_ports: list[int] = []
        self._web_workers = web_workers
        self._worker = worker
        self._port = port
        self._separate = separate_web_ports
        self._fast = fast
        self.database_url = database_url
        self.redis_url = redis_url
        self._own_stripe = own_stripe
        self._extra_env = dict(extra_env or {})
        self._holder = holder
        self._report = report
        self._listeners: list[socket.socket] = []
        self._supervisor: Supervisor | None = None
        self._parts: Parts | None = None
        self.stripe: StripeStandIn | None = None

    # Starting and stopping

    def start(self) -> None:
        """Everything, ready to serve: parts, migrations, web processes, worker. Raises LaunchError."""
        self.open()
        try:
            self.start_parts()
            self.migrate()
            self.start_web()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def open(self) -> None:
        """Take the data folder and the port; nothing runs yet."""
        self.data_dir.create()
        if not self.data_dir.lock(self._holder):
            raise DataDirInUseError(
                f"the data folder {self.data_dir.path} is in use by {self.data_dir.holder()}; "
                "stop that, or choose another with --data-dir."
            )
        try:
            ports = [self._port] + [0] * (self._web_workers - 1 if self._separate else 0)
            for port in ports if self._web_workers else []:
                self._listeners.append(listen(LOOPBACK, port))
            self.web_ports = [port_of(listener) for listener in self._listeners]
            self.stripe = StripeStandIn(self.data_dir) if self._own_stripe else None
            raise_file_limit()
            self._supervisor = Supervisor(self._report)
        except BaseException:
            self.stop()
            raise

    def start_parts(self) -> None:
        self._parts = Parts(
            self.data_dir,
            self._running,
            database_url=self.database_url,
            redis_url=self.redis_url,
            fast=self._fast,
        )
        self._parts.start()

    def migrate(self) -> None:
        """Bring every table up to date; at once done when no migration changed since the last time."""
        current = fingerprint(MIGRATIONS)
        if not self.embeds_database or self.data_dir.remembered("migrations") != current:
            self.manage("migrate")
            self.data_dir.remember(migrations=current)

    def start_web(self) -> None:
        """Start the web processes and the worker. They need a moment: `wait_until_ready`."""
        for index in range(self._web_workers):
            self._running.start(self._web_program(index))
        if self._worker:
            self._running.start(self._program("worker", [PYTHON, str(PROJECT / "manage.py"), "worker"]))

    def start_stripe(self) -> None:
        """Start the stand-in for Stripe and bring its prices in line with the plans. Call it after `start_web`, whose
        web processes hear of what happens there; harmless where there is none, or it runs."""
        if self.stripe is None or "stripe" in self.processes:
            return
        new = not self.stripe.folder.exists()
        domain, port = self.env["SNUG_BASE_DOMAIN"], self.web_port or self.data_dir.remembered("web_port")
        self.stripe.start(self._running, f"http://{domain}:{port}/billing/stripe/webhook/")
        current = fingerprint(CATALOGUE)
        if new or self.data_dir.remembered("catalogue") != current:
            self.manage("sync_stripe")
            self.data_dir.remember(catalogue=current)

    def stop(self) -> None:
        """End everything in order and give the data folder back. Harmless when nothing runs."""
        if self._supervisor is not None:
            self._supervisor.stop(*self._web_names(), "stripe")
            self._supervisor.stop("worker")
            if self._parts is not None:
                self._parts.stop()
            self._supervisor.close()
            self._supervisor = None
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        self.data_dir.unlock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Looking at it

    @property
    def embeds_database(self) -> bool:
        return self._parts is not None and self._parts.embeds_database

    @property
    def database_is_new(self) -> bool:
        """Whether the embedded database has no tables yet."""
        return self.embeds_database and self.data_dir.remembered("migrations") is None

    @property
    def own_env(self) -> dict[str, str]:
        """What the product's processes get beyond our own environment."""
        return product_environment(self.data_dir, self._parts, self.web_port, self.stripe) | self._extra_env

    @property
    def env(self) -> dict[str, str]:
        """The environment of the product's processes."""
        return {**os.environ, **self.own_env}

    @property
    def web_port(self) -> int | None:
        return self.web_ports[0] if self.web_ports else None

    @property
    def processes(self) -> dict[str, int]:
        """Name to process id of what runs right now: postgres, valkey, worker, web-0, web-1, …"""
        return self._running.processes()

    def ready(self) -> bool:
        """Whether parts and web processes all serve right now."""
        return (self._parts is None or self._parts.ready()) and all(_answers(port) for port in self.web_ports)

    def wait_until_ready(self, timeout: float = 60) -> None:
        """Wait until everything serves. Raises LaunchError when it does not, or a web process keeps dying."""
        starts = {name: self._running.starts(name) for name in self._web_names()}
        deadline = time.monotonic() + timeout
        while not self.ready():
            dying = [
                name for name in starts if self._running.starts(name) >= starts[name] + _MOST_START_ATTEMPTS
            ]
            if dying or time.monotonic() > deadline:
                log = self.data_dir.logs / f"{(dying or ['web-0'])[0]}.log"
                raise fault_in(last_words(log), f"the web processes do not start; the end of {log}")
            time.sleep(_POLL)

    # Doing things to it

    def manage(self, *words: str) -> str:
        """Run a manage.py command against this stack; what it printed. Raises LaunchError when it fails."""
        done = subprocess.run(
            [PYTHON, str(PROJECT / "manage.py"), *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=ends_with_parent(),
        )
        if done.returncode != 0:
            raise fault_in(done.stderr or done.stdout, f"manage.py {' '.join(words[:1])} failed")
        return done.stdout

    def kill(self, name: str, with_signal: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process, as a fault; the process id it had. The supervisor starts it again."""
        pid = self.processes[name]
        os.kill(pid, with_signal)
        return pid

    def wait_until_restarted(self, name: str, old_pid: int, timeout: float = 30) -> int:
        """Wait until `name` runs under another process id and everything serves; the new id."""
        deadline = time.monotonic() + timeout
        while (pid := self.processes.get(name)) in (None, old_pid):
            if time.monotonic() > deadline:
                raise LaunchError(f"{name} was not started again within {timeout:g} s.")
            time.sleep(_POLL)
        self.wait_until_ready(timeout)
        return pid or 0

    def restart_web(self) -> None:
        """End the web processes gently and start them again on the same ports, as a deployment does."""
        self._running.stop(*self._web_names())
        for index in range(self._web_workers):
            self._running.start(self._web_program(index))
        self.wait_until_ready()

    # Inside

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("the stack is not open")
        return self._supervisor

    def _web_names(self) -> Sequence[str]:
        return [f"web-{index}" for index in range(self._web_workers)]

    def _web_program(self, index: int) -> Program:
        fd = self._listeners[index if self._separate else 0].fileno()
        return self._program(f"web-{index}", [PYTHON, "-m", "realtime.server", "--fd", str(fd)], [fd])

    def _program(self, name: str, argv: Sequence[str], pass_fds: Sequence[int] = ()) -> Program:
        return Program(
            name=name,
            argv=argv,
            env=self.env,
            log=self.data_dir.logs / f"{name}.log",
            cwd=PROJECT,
            pass_fds=pass_fds,
            stop_timeout=_DRAIN,
        )


def _answers(port: int) -> bool:
    connection = HTTPConnection(LOOPBACK, port, timeout=5)
    with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False
