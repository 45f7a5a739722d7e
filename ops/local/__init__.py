"""One command, whole product: embedded PostgreSQL and Valkey, a supervisor, and the commands in bin/."""

from ops.local.errors import LaunchError
from ops.local.stack import Stack

__all__ = ["LaunchError", "Stack"]
