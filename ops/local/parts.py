"""The database and the Redis that a Snug runs on: those that the environment names, or the embedded ones."""

import time
from collections.abc import Callable
from pathlib import Path

from ops.local.data_dir import DataDir
from ops.local.errors import LaunchError
from ops.local.logs import last_words
from ops.local.network import private_port
from ops.local.postgres import Postgres
from ops.local.supervisor import Program, Supervisor
from ops.local.valkey import Valkey

_POLL = 0.02
# A port can be taken between our look and the server's own bind.
_PORT_ATTEMPTS = 3


class Parts:
    """Starts what is missing under `supervisor`. Afterwards both URLs are known."""

    def __init__(
        self,
        data_dir: DataDir,
        supervisor: Supervisor,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        fast: bool = False,
    ) -> None:
        secrets = data_dir.secrets()
        self._data_dir = data_dir
        self._supervisor = supervisor
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        if database_url is None:
            self._postgres = Postgres(
                data_dir.path / "postgres",
                password=secrets.database_password,
                admin_password=secrets.database_admin_password,
                fast=fast,
            )
        if redis_url is None:
            self._valkey = Valkey(data_dir.path / "valkey", password=secrets.redis_password)
        self.database_url = database_url or ""
        self.redis_url = redis_url or ""

    @property
    def embeds_database(self) -> bool:
        return self._postgres is not None

    def start(self, timeout: float = 60) -> None:
        """Start the embedded parts and wait until they serve. Raises LaunchError with the end of a log."""
        if self._valkey is not None:  # first: it is up before PostgreSQL has looked at its files
            valkey = self._valkey
            port = self._start_on_a_port(valkey.program, valkey.is_ready, "valkey", timeout)
            self.redis_url = valkey.url(port)
        if self._postgres is not None:
            postgres = self._postgres
            postgres.prepare()
            if postgres.is_new:
                self._data_dir.remember(migrations=None, demo=None)
            port = self._start_on_a_port(
                postgres.program, lambda _: self._postgres_is_ready(), "postgres", timeout
            )
            self.database_url = postgres.url(port)

    def stop(self) -> None:
        self._supervisor.stop("valkey")
        self._supervisor.stop("postgres")

    def ready(self) -> bool:
        """Whether the embedded parts serve right now."""
        remembered = self._data_dir.remembered
        return (self._postgres is None or self._postgres_is_ready()) and (
            self._valkey is None or self._valkey.is_ready(remembered("valkey_port"))
        )

    def _postgres_is_ready(self) -> bool:
        pid = self._supervisor.processes().get("postgres")
        return self._postgres is not None and self._postgres.is_ready(pid)

    def _start_on_a_port(
        self,
        program_for: Callable[[int, Path], Program],
        is_ready: Callable[[int], bool],
        name: str,
        timeout: float,
    ) -> int:
        log = self._data_dir.logs / f"{name}.log"
        remembered = self._data_dir.remembered(f"{name}_port")
        deadline = time.monotonic() + timeout
        for _ in range(_PORT_ATTEMPTS):
            port = private_port(remembered)
            earlier = self._supervisor.starts(name)
            self._supervisor.start(program_for(port, log))
            while time.monotonic() < deadline and self._supervisor.starts(name) < earlier + 3:
                if is_ready(port):
                    self._data_dir.remember(**{f"{name}_port": port})
                    return port
                time.sleep(_POLL)
            self._supervisor.stop(name)
            remembered = None
        raise LaunchError(f"{name} does not start; the end of {log}:\n{last_words(log)}")
