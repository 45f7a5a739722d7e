"""Waking another process by PostgreSQL's NOTIFY. A ring may be lost: whoever listens also looks by the clock."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from django.conf import settings
from django.db import connection
from psycopg import AsyncConnection, sql

from tenants.database import pool
from tenants.liveness import CONNECTING

# No disk is waited for: nothing is written but the ring itself.
_RING: Final = (
    "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%(bell)s, word) "
    "FROM unnest(%(words)s::text[]) AS word"
)


def ring(bell: str, word: str) -> None:
    """Ring once this transaction is committed, and not if it is not. For sync code."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [bell, word])


async def aring(bell: str, words: Iterable[str]) -> None:
    """Ring now. Raises database.AWAY's errors.

    Not within a transaction that others wait for: committing a NOTIFY takes a lock of the whole server.
    """
    async with (await pool()).connection() as db:
        await db.execute(_RING, {"bell": bell, "words": list(words)})


async def hear(bell: str) -> AsyncIterator[str]:
    """An empty word once it listens, then every word that is rung. Raises what psycopg raises."""
    async with await AsyncConnection.connect(settings.DATABASE_URL, autocommit=True, **CONNECTING) as db:
        await db.execute(sql.SQL("LISTEN {}").format(sql.Identifier(bell)))
        yield ""
        async for notice in db.notifies():
            yield notice.payload
