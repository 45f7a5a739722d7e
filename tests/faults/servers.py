"""Redis servers of a test's own, to be hurt, and the product running on them."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from ops.local import Stack
from ops.local.network import LOOPBACK, private_port
from ops.local.parent_death import ends_with_parent
from ops.local.paths import valkey_program

SECRET = "hush-of-the-servers"
STARTED_WITHIN = 10.0
# Web processes that share a database must share what is encrypted in it.
SHARED = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS")


class Server:
    """A Valkey, or a Sentinel. It ends when the test does, or when the process that runs the tests dies."""

    def __init__(self, folder: Path, name: str, port: int, *lines: str, sentinel: bool = False) -> None:
        self.port = port
        self._folder = folder / name
        self._folder.mkdir()
        self._file = self._folder / "server.conf"
        self._own = (f"bind {LOOPBACK}", f"port {port}", f"requirepass {SECRET}", f'dir "{self._folder}"')
        self.configure(*lines)
        self._arguments = [str(valkey_program()), str(self._file), *(["--sentinel"] if sentinel else [])]
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, *lines: str) -> None:
        """What is in its configuration from now on, beside address and password."""
        self._file.write_text("\n".join([*self._own, *lines, ""]))

    @property
    def url(self) -> str:
        return f"redis://:{SECRET}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 - one system call, no lock
            )
        deadline = time.monotonic() + STARTED_WITHIN
        while not self.answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.02)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def client(self) -> "redis.Redis":
        """A client of the test's own."""
        return redis.Redis.from_url(self.url.removesuffix("/0"), socket_timeout=5)

    def kill(self) -> None:
        """`kill -9`; nobody starts it again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it (SIGSTOP) for the length of a block."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start them in order; kill them in the end."""
    with contextlib.ExitStack() as ending:
        for server in servers:
            ending.callback(server.kill)
            server.start()
        yield


PLAIN = ('save ""', "appendonly no")


def valkeys(folder: Path, *names: str) -> list[Server]:
    """Servers that keep nothing on disk."""
    ports = ports_for(len(names))
    return [Server(folder, name, port, *PLAIN) for name, port in zip(names, ports, strict=True)]


def ports_for(count: int) -> list[int]:
    ports: list[int] = []
    for _ in range(count):
        ports.append(private_port(avoid=ports))
    return ports


@contextmanager
def product_on(redis_url: str, folder: Path, stack: Stack, **env: str) -> Iterator[Stack]:
    """Two more web processes, on the database of the test process's stack and on a Redis of their own."""
    with _processes_on(2, redis_url, folder, stack, env) as product:
        yield product


@contextmanager
def one_process_on(redis_url: str, folder: Path, stack: Stack) -> Iterator[Stack]:
    """One more, likewise."""
    with _processes_on(1, redis_url, folder, stack, {}) as product:
        yield product


@contextmanager
def _processes_on(
    count: int, redis_url: str, folder: Path, stack: Stack, env: dict[str, str]
) -> Iterator[Stack]:
    product = Stack(
        folder / "data",
        web_workers=count,
        worker=False,
        separate_web_ports=True,
        database_url=stack.own_env["DATABASE_URL"],
        redis_url=redis_url,
        extra_env={name: stack.own_env[name] for name in SHARED} | env,
    )
    product.open()
    try:
        product.start_parts()
        product.start_web()
        product.wait_until_ready()
        yield product
    finally:
        product.stop()
