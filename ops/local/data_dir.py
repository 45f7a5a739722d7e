"""The data folder: everything a local Snug keeps, and the one place that it writes to."""

import base64
import contextlib
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops.local.errors import LaunchError
from ops.local.paths import PROJECT


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once and kept: new ones would sign everybody out and lose what is encrypted."""

    secret_key: str
    field_encryption_keys: str
    database_password: str
    database_admin_password: str
    redis_password: str

    @classmethod
    def new(cls) -> "Secrets":
        return cls(
            secret_key=secrets.token_urlsafe(48),
            field_encryption_keys=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            database_password=secrets.token_urlsafe(24),
            database_admin_password=secrets.token_urlsafe(24),
            redis_password=secrets.token_urlsafe(24),
        )


@dataclass(frozen=True, slots=True)
class Running:
    """What a running bin/dev tells bin/manage: its process and the environment of its parts."""

    pid: int
    env: dict[str, str]


def default_data_dir() -> Path:
    return Path(os.environ.get("SNUG_DATA_DIR") or PROJECT / ".snug").absolute()


class DataDir:
    """One data folder. One process at a time holds it (`lock`); others read what it announces (`running`)."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def create(self) -> None:
        try:
            if not self.path.exists():
                self.path.mkdir(mode=0o700, parents=True)
                if os.geteuid() == 0:
                    # The user lent to PostgreSQL passes through to its own folder, and sees nothing else.
                    self.path.chmod(0o711)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LaunchError(f"the data folder {self.path} cannot be used: {error.strerror}.") from None
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise LaunchError(
                f"the data folder {self.path} belongs to another user; choose one with --data-dir."
            )

    def lock(self, holder: str) -> bool:
        """Take the folder for this process. False when another holds it; the kernel frees it when we end."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LaunchError(f"the data folder {self.path} cannot be used: {error.strerror}.") from None
        give_to_folder_owner(self.path / "lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{holder} (process {os.getpid()})".encode(), 0)
        self._lock = lock
        self.withdraw()  # what a killed holder announced
        return True

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def holder(self) -> str:
        with contextlib.suppress(OSError):
            return (self.path / "lock").read_text() or "another process"
        return "another process"

    def secrets(self) -> Secrets:
        known = self._read("secrets.json")
        if known is None:
            fresh = Secrets.new()
            self._write("secrets.json", asdict(fresh))
            return fresh
        try:
            return Secrets(**known)
        except TypeError:
            raise LaunchError(
                f"{self.path / 'secrets.json'} is damaged; restore it, or start with a new --data-dir."
            ) from None

    def remembered(self, name: str) -> Any:
        """A small fact of an earlier start, such as a port; None when there is none."""
        return (self._read("remembered.json") or {}).get(name)

    def remember(self, **facts: Any) -> None:
        known = self._read("remembered.json") or {}
        if {**known, **facts} != known:
            self._write("remembered.json", {**known, **facts})

    def announce(self, running: Running) -> None:
        self._write("running.json", asdict(running))

    def withdraw(self) -> None:
        (self.path / "running.json").unlink(missing_ok=True)

    def running(self) -> Running | None:
        """What the holder of the lock announced. Only worth asking while somebody holds the lock."""
        known = self._read("running.json")
        return None if known is None else Running(**known)

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        try:
            known = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LaunchError(f"{path} cannot be read: {error.strerror}.") from None
        except ValueError:
            raise LaunchError(f"{path} is damaged; restore it, or start with a new --data-dir.") from None
        if not isinstance(known, dict):
            raise LaunchError(f"{path} is damaged; restore it, or start with a new --data-dir.")
        return known

    def _write(self, name: str, content: dict[str, Any]) -> None:
        """Whole or not at all, for our eyes only: a power cut must not leave half a file of secrets."""
        draft = self.path / f"{name}.new"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        give_to_folder_owner(draft)
        draft.replace(self.path / name)


def give_to_folder_owner(path: Path) -> None:
    """What root makes in an ordinary user's data folder is that user's, who otherwise could not start again."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
