"""Raw PostgreSQL for the hot paths: schema-qualified SQL on a psycopg pool of the event loop's own.

No `search_path` is ever set here, so a transaction pooler in between changes nothing; every statement names its schema
through `psycopg.sql.Identifier`.
"""

from typing import Any

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from realtime.loop_local import LoopLocal

# Whatever a PostgreSQL that is away can raise at its caller.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError)

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]


def _make() -> Pool:
    return AsyncConnectionPool(
        settings.DATABASE_URL,
        min_size=1,
        max_size=settings.DATABASE_POOL_SIZE,
        max_lifetime=900,
        timeout=5,
        reconnect_timeout=60,
        open=False,
        check=AsyncConnectionPool.check_connection,
        kwargs={"autocommit": True, "prepare_threshold": None, "connect_timeout": 3},
    )


_pools: LoopLocal[Pool] = LoopLocal(_make)


async def pool() -> Pool:
    """The running loop's pool, opened at first use. Getting a connection raises PoolTimeout after 5 s."""
    pool = _pools.get()
    if pool.closed:
        await pool.open()
    return pool


async def close_pool() -> None:
    """Close the running loop's pool, if it has one."""
    if pool := _pools.pop():
        await pool.close()
