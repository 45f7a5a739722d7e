"""The embedded Valkey, for groups, presence and leases: its users rebuild all of that, so none is kept."""

import contextlib
import os
import socket
from pathlib import Path

from ops.local.errors import LaunchError
from ops.local.network import LOOPBACK
from ops.local.paths import valkey_program
from ops.local.supervisor import Program

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
protected-mode yes
dir "{folder}"
daemonize no
save ""
appendonly no
maxmemory-policy noeviction
timeout 0
tcp-keepalive 60
"""


class Valkey:
    """One server on a loopback port. Its password stands in a file for our eyes, never on a command line."""

    def __init__(self, folder: Path, *, password: str) -> None:
        self.folder = folder
        self.password = password

    def url(self, port: int) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{port}/0"

    def program(self, port: int, log: Path) -> Program:
        configuration = self.folder / "valkey.conf"
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            configuration.unlink(missing_ok=True)
            handle = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LaunchError(f"{self.folder} cannot be used: {error.strerror}.") from None
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        with os.fdopen(handle, "w") as file:
            file.write(_CONFIGURATION.format(host=LOOPBACK, port=port, password=self.password, folder=folder))
        return Program(
            name="valkey",
            argv=[str(valkey_program()), str(configuration)],
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            log=log,
            cwd=self.folder,
        )

    def is_ready(self, port: int) -> bool:
        """Whether our own server answers on `port`: a stranger's would not know the password."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection((LOOPBACK, port), timeout=1) as connection,
        ):
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(100)):
                answer += more
            return answer == b"+OK\r\n+PONG\r\n"
        return False
