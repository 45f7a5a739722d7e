"""A PostgreSQL whose fsync takes longer, on purpose.

What group commit is worth depends on the disk. On a machine whose fsync costs next to nothing, ours is measured on this
one as well: the embedded PostgreSQL with a library of a few lines preloaded, built with the system's C compiler.
"""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.peers.starting import PeerUnavailableError, run
from ops.local.network import private_port
from ops.local.postgres import Postgres
from ops.local.supervisor import Supervisor

_SOURCE = Path(__file__).parent / "slow_disk.c"
_START_TIMEOUT = 60.0


@contextmanager
def slow_database(folder: Path, fsync_ms: float) -> Iterator[tuple[str, int]]:
    """A new cluster below `folder` until the end of the block: its URL and process id. Raises PeerUnavailableError."""
    home = folder / "slow-postgres"
    shutil.rmtree(home, ignore_errors=True)
    postgres = Postgres(home, password=secrets.token_hex(16), admin_password=secrets.token_hex(16))
    postgres.prepare()
    library = _built(home)
    port = private_port()
    program = postgres.program(port, folder / "slow-postgres.log")
    slow = {"LD_PRELOAD": str(library), "SLOW_DISK_MS": f"{fsync_ms:g}"}
    supervisor = Supervisor()
    try:
        supervisor.start(replace(program, env={**program.env, **slow}))
        deadline = time.monotonic() + _START_TIMEOUT
        while not postgres.is_ready(supervisor.processes().get(program.name)):
            if time.monotonic() > deadline:
                raise PeerUnavailableError(f"the slowed PostgreSQL does not start; see {program.log}")
            time.sleep(0.05)
        yield postgres.url(port), supervisor.processes()[program.name]
    finally:
        supervisor.stop(program.name)
        supervisor.close()


def _built(home: Path) -> Path:
    """The library, where PostgreSQL's own user can read it."""
    if shutil.which("cc") is None:
        raise PeerUnavailableError("slowing a disk down needs a C compiler (cc)")
    library = home / "slow_disk.so"
    run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"])
    library.chmod(0o755)
    return library
