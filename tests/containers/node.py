"""What docker-compose.yml runs, without containers: its commands in its environment, behind its nginx."""

import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from ops.containers import certificate
from ops.local import Stack
from ops.local.network import LOOPBACK, can_bind, private_port
from ops.local.parent_death import ends_with_parent
from ops.local.paths import PROJECT
from tests.containers import compose
from tests.containers.front import Front

PATIENCE = 60.0


class Web:
    """The container of one web service: bin/serve, the image's command."""

    def __init__(self, port: int, env: dict[str, str], log: Path, starter: Executor) -> None:
        self.port, self.env, self.log, self._starter = port, env, log, starter
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it is healthy."""
        until(lambda: can_bind(self.port), f"port {self.port} to be free")
        # The kernel ends it with the thread that started it: one that a test borrowed would be gone too soon.
        self._process = self._starter.submit(self._started).result()
        until(self.healthy, f"{self.log.name} to be healthy")

    def _started(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [PROJECT / "bin/serve", "--host", LOOPBACK, "--port", str(self.port), "--workers", "1"],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 - one system call, no lock
            )

    def end(self, with_signal: signal.Signals) -> int:
        """Send a signal and wait; the exit code. SIGKILL takes everything in the container, as Docker's does."""
        assert self._process is not None
        self._process.send_signal(with_signal)
        code = self._process.wait(PATIENCE)
        self._process = None
        return code

    def close(self) -> None:
        if self._process is not None:
            self.end(signal.SIGTERM)

    def healthy(self) -> bool:
        """What the health check of docker-compose.yml asks."""
        connection = HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


class Node:
    """Database, Redis, migrations and worker; two web services of one process each; nginx."""

    def __init__(self, folder: Path) -> None:
        self.settings = compose.new_env(folder / "checkout")
        https = private_port()
        http = private_port(avoid=[https])
        first = private_port(avoid=[https, http])
        second = private_port(avoid=[https, http, first])
        # The one thing a newcomer would set as well: where HTTPS is, as it is not at 443.
        file = compose.read({**self.settings, "SNUG_PUBLIC_PORT": str(https)})
        # Stack says where database and Redis are here.
        elsewhere = {"DATABASE_URL", "REDIS_URL"}
        own = {
            name: value
            for name, value in file["services"]["web-1"]["environment"].items()
            if name not in elsewhere
        }
        own |= {"SNUG_TRUSTED_PROXIES": LOOPBACK, "EMAIL_URL": ""}
        self.stack = Stack(folder / "data", web_workers=0, fast=True, extra_env=own)
        self.front = Front(
            folder,
            {
                name: value
                for name, value in file["services"]["nginx"]["environment"].items()
                if "SNUG" in name
            }
            | {
                "SNUG_NGINX_HTTP": f"{LOOPBACK}:{http}",
                "SNUG_NGINX_HTTPS": f"{LOOPBACK}:{https}",
                "SNUG_NGINX_WEB_1": f"{LOOPBACK}:{first}",
                "SNUG_NGINX_WEB_2": f"{LOOPBACK}:{second}",
                "SNUG_NGINX_CERTIFICATES": str(folder / "certificates"),
                "SNUG_NGINX_RUN": str(folder),
            },
        )
        self._ports = (first, second)
        self._starter = ThreadPoolExecutor(1)
        self.webs: list[Web] = []

    def start(self) -> None:
        certificate.make(self.front.folder / "certificates", self.settings["SNUG_BASE_DOMAIN"])
        self.stack.open()
        self.stack.start_parts()
        self.stack.migrate()
        self.stack.start_web()  # the worker alone
        logs = self.stack.data_dir.logs
        self.webs = [
            Web(port, self.stack.env, logs / f"web-{n}.log", self._starter)
            for n, port in enumerate(self._ports)
        ]
        for web in self.webs:
            web.start()
        self.stack.web_ports = list(self._ports)
        self.front.start()

    def stop(self) -> None:
        self.front.stop()
        for web in self.webs:
            web.close()
        self._starter.shutdown()
        self.stack.stop()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain for {what}"
        time.sleep(0.02)
