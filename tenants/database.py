"""Raw PostgreSQL for the hot paths: schema-qualified SQL on psycopg pools of the event loop's own.

No `search_path` is ever set here, so a transaction pooler in between changes nothing; every statement names its schema
through `psycopg.sql.Identifier`.

A server that died is noticed without asking it (tenants.liveness). One that hangs is cut off after LONGEST_USE seconds,
as if it had died. Either way the pool tries to connect about once a second, for as long as it takes.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from typing import Any, Final, TypeAlias, TypeVar
from weakref import WeakValueDictionary

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from realtime.loop_local import LoopLocal
from tenants.liveness import CONNECTING, RECONNECT_TIMEOUT, is_dead
from tenants.pipeline import WritingConnection

logger = logging.getLogger("snug.database")
# It tells of every attempt of every connection; `reconnect_failed` tells it once.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

# Whatever a PostgreSQL that is away can raise at its caller.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError)

# Nothing on these paths takes a hundredth of this; a server that answers no more must not hold a process for ever.
LONGEST_USE: Final = 10.0
_LONGEST_WAIT: Final = 5.0

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]


C = TypeVar("C", bound=Connection)


class Pool(AsyncConnectionPool[C]):
    """psycopg's pool, for a server that may die or hang at any moment."""

    @contextlib.asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[C]:
        """A live connection, for at most LONGEST_USE seconds. Raises PoolTimeout when there is none in time."""
        db = await self._live(timeout)
        watchdog = asyncio.get_running_loop().call_later(LONGEST_USE, _cut, db)
        try:
            async with db:
                yield db
        finally:
            watchdog.cancel()
            await self.putconn(db)

    async def reconnect_failed(self) -> None:
        """psycopg's pauses double: it is told to give up early (`reconnect_timeout`), and begins anew here."""
        logger.warning("no connection to the database: trying on")
        async with self._lock:
            self._maybe_grow_pool()

    async def _live(self, timeout: float | None) -> C:
        while True:
            db = await self.getconn(timeout)
            if not is_dead(db):
                return db
            await db.close()
            await self.putconn(db)  # which makes another in its place


def _make() -> Pool[Connection]:
    return Pool(settings.DATABASE_URL, min_size=1, max_size=settings.DATABASE_POOL_SIZE, **_options())


def _make_for_writing() -> Pool[WritingConnection]:
    settled: dict[str, Any] = {"connection_class": WritingConnection, "configure": WritingConnection.settle}
    return Pool(settings.DATABASE_URL, min_size=1, max_size=1, **settled, **_options())


def _options() -> dict[str, Any]:
    return {
        "max_lifetime": 900,
        "timeout": _LONGEST_WAIT,
        "reconnect_timeout": RECONNECT_TIMEOUT,
        "open": False,
        "kwargs": {"autocommit": True, "prepare_threshold": None, **CONNECTING},
    }


def pool_for_jobs(*, check: object, **options: Any) -> Pool[Connection]:
    """A pool for procrastinate, which would `check` each connection by asking, with growing pauses."""
    return Pool(reconnect_timeout=RECONNECT_TIMEOUT, **options)


_pools: LoopLocal[Pool[Connection]] = LoopLocal(_make)
_writing_pools: LoopLocal[Pool[WritingConnection]] = LoopLocal(_make_for_writing)
# By schema; gone when nobody of that tenant reads.
_turns: LoopLocal[WeakValueDictionary[str, asyncio.Semaphore]] = LoopLocal(WeakValueDictionary)


async def pool() -> Pool[Connection]:
    """The running loop's pool, opened at first use. Getting a connection raises PoolTimeout after 5 s."""
    return await _opened(_pools.get())


@contextlib.asynccontextmanager
async def share(schema: str) -> AsyncIterator[Connection]:
    """A connection for reading a tenant's pages, of which one tenant holds at most half the pool: whoever pages through
    its past keeps nobody else from reading theirs. Raises what `pool` raises."""
    turns = _turns.get().setdefault(schema, asyncio.Semaphore(settings.DATABASE_POOL_SIZE // 2))
    async with turns, (await pool()).connection() as db:
        yield db


async def writing_pool() -> Pool[WritingConnection]:
    """The same for the message writer alone: no crowd of readers keeps a message waiting."""
    return await _opened(_writing_pools.get())


async def close_pool() -> None:
    """Close the running loop's pools, if it has any."""
    for pool in (_pools.pop(), _writing_pools.pop()):
        if pool is not None:
            await pool.close()


async def _opened(pool: Pool[C]) -> Pool[C]:
    if pool.closed:
        await pool.open()
    return pool


def _cut(db: Connection) -> None:
    """End a connection under whoever waits on it: psycopg then sees what it sees when a server dies."""
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(db.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
