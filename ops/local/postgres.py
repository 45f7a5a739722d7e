"""The embedded PostgreSQL: made once, started in the foreground under the supervisor, stopped cleanly."""

import contextlib
import locale
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from ops.local.data_dir import give_to_folder_owner
from ops.local.errors import LaunchError
from ops.local.network import LOOPBACK
from ops.local.parent_death import ends_with_parent
from ops.local.paths import postgres_program
from ops.local.supervisor import Program
from ops.local.unprivileged import Identity, choose

ROLE = DATABASE = "snug"
# The longest path of a unix socket that every system takes, and the name that PostgreSQL gives it.
_LONGEST_SOCKET = 103
_SOCKET_NAME = "/.s.PGSQL.65535"


class Postgres:
    """One cluster in `folder`, with one database and one role that is no superuser.

    `fast` gives up what only counts in a longer life, for tests: durability against a power cut (not against a killed
    process), and the vacuuming of thousands of schemas of which each is looked at for a second.
    """

    def __init__(self, folder: Path, *, password: str, admin_password: str, fast: bool = False) -> None:
        self.folder = folder
        self.cluster = folder / "cluster"
        self.sockets = folder / "run"
        self.password = password
        self.admin_password = admin_password
        self.fast = fast
        self.is_new = False  # made by this very start
        self._identity: Identity | None = None

    def prepare(self) -> None:
        """Make the cluster when there is none, and clear away what a crash left. Raises LaunchError."""
        program = postgres_program("postgres")
        try:
            if not self.folder.exists():
                self.folder.mkdir(mode=0o700)
                give_to_folder_owner(self.folder)
        except OSError as error:
            raise LaunchError(f"{self.folder} cannot be made: {error.strerror}.") from None
        self._identity = choose(self.folder, program)
        self.settle()
        if not (self.cluster / "PG_VERSION").exists():
            self._create()
            self.is_new = True
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self._own(self.sockets)

    def url(self, port: int) -> str:
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{port}/{DATABASE}"

    def program(self, port: int, log: Path) -> Program:
        options: dict[str, str | int] = {
            "listen_addresses": LOOPBACK,
            "port": port,
            "unix_socket_directories": self._socket_directories(),
            "unix_socket_permissions": "0700",
            "max_connections": 200,
            # A dump of a thousand tenants locks every table of every schema in one transaction.
            "max_locks_per_transaction": 1024,
            "shared_buffers": "128MB",
            # Nothing in /dev/shm: containers make it tiny, and a killed server would leave its files there.
            "dynamic_shared_memory_type": "mmap",
            "io_method": "sync",
            "log_line_prefix": "%m [%p] ",
            "log_checkpoints": "off",
        }
        if self.fast:
            options |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum": "off",
            }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=[*self._run_as, str(postgres_program("postgres")), "-D", str(self.cluster), *words],
            env=_environment(),
            log=log,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, keeps every commit, needs no recovery
            death_signal=signal.SIGQUIT,
            stop_timeout=20,
            before_start=self._forget_dead_server,
        )

    def is_ready(self, pid: int | None) -> bool:
        """Whether the server with this process id takes connections: it says so in its own pid file."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def settle(self, patience: float = 10) -> None:
        """Wait for an orphaned server of an earlier start to end, and end it when it does not by itself."""
        deadline = time.monotonic() + patience
        asked = False
        while (pid := self._living_server()) is not None:
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"another PostgreSQL (process {pid}) runs on {self.cluster}; stop it first."
                )
            if not asked and time.monotonic() > deadline - patience / 2:
                asked = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
            time.sleep(0.02)
        self._forget_dead_server()

    def _create(self) -> None:
        """Made beside its place, then moved there: an interrupted start leaves no half cluster."""
        draft = self.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.folder / "admin-password"
        password_file.unlink(missing_ok=True)
        handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(self.admin_password + "\n")
        self._own(password_file)
        try:
            self._run(
                "initdb", f"--pgdata={draft}", "--username=postgres", f"--pwfile={password_file}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", f"--locale={_system_locale()}",
                "--data-checksums", "--no-instructions",
                *(["--no-sync"] if self.fast else []),
            )  # fmt: skip
            self._run(
                "postgres", "--single", "-D", str(draft), "-c", "io_method=sync", "postgres",
                statements=(
                    f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self.password}'\n"
                    f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
                ),
            )  # fmt: skip
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(self.cluster)

    def _run(self, program: str, *words: str, statements: str = "") -> None:
        done = subprocess.run(
            [*self._run_as, str(postgres_program(program)), *words],
            input=statements, capture_output=True, text=True, env=_environment(), check=False,
            cwd=self.folder, preexec_fn=ends_with_parent(),
        )  # fmt: skip
        # In single-user mode a failed statement is told, not returned.
        if done.returncode != 0 or "ERROR:" in done.stderr:
            told = (done.stderr or done.stdout).strip().splitlines()
            raise LaunchError(f"PostgreSQL could not be set up: {told[-1] if told else done.returncode}")

    @property
    def _run_as(self) -> tuple[str, ...]:
        if self._identity is None:
            raise RuntimeError("prepare() comes first")
        return self._identity.prefix

    def _own(self, path: Path) -> None:
        if self._identity is not None and self._identity.owner is not None:
            os.chown(path, *self._identity.owner)

    def _socket_directories(self) -> str:
        path = str(self.sockets)
        if len(os.fsencode(path + _SOCKET_NAME)) > _LONGEST_SOCKET or '"' in path:
            return ""
        return f'"{path}"'

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _living_server(self) -> int | None:
        """The process of the pid file, if it serves this very cluster: process numbers are used again."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return None
        return int(lines[0]) if str(self.cluster) in _command_of(int(lines[0])) else None

    def _forget_dead_server(self) -> None:
        """PostgreSQL trusts a pid file whose number lives again, whoever that is now: clear a stale one."""
        if self._pid_file() and self._living_server() is None:
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)


def _command_of(pid: int) -> list[str]:
    """The words a process was started with; none when it is gone, or dead and unreaped."""
    if Path("/proc/self").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        return []
    told = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.split()


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _system_locale() -> str:
    """For character classes only: sorting and case come from PostgreSQL's own tables, everywhere the same."""
    kept = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, kept)
    return "C.UTF-8"
