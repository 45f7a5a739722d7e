"""Whether a database connection lives, found out without asking the server."""

import select
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool

# What libpq is told, so that a machine that is gone altogether is noticed: seconds, and milliseconds.
CONNECTING: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# How long a pool goes on with one attempt to connect before it begins anew, at once.
RECONNECT_TIMEOUT: Final = 0.5


def is_dead(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> bool:
    """Whether a connection at rest has something to read: the server's last words, or the end."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def begin_anew(pool: ConnectionPool[Any]) -> None:
    """psycopg's pauses between attempts double: it is told to give up early, and then begins anew."""
    with pool._lock:
        pool._maybe_grow_pool()
