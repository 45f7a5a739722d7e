"""How a tenant's hook is doing, kept where its owner sees it.

Written in the background, so that no message waits for it: a failure at once, but not more often than every EVERY
seconds; the success that ends it when as much time has passed. A process that knows of no failure may have to clear
another's, so it looks as often.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

from psycopg import sql

from moderation.tables import tables_of
from realtime.background import Background, quietly
from tenants.database import pool

EVERY: Final = 60.0  # seconds
MOST_KEPT: Final = 300

# Each holds for the address that was asked: the owner may have set another meanwhile.
_FAILED: Final = sql.SQL(
    "UPDATE {rules} SET hook_failed_at = %s, hook_failure = %s WHERE hook_url = %s "
    "AND (hook_failed_at IS NULL OR hook_failed_at < %s)"
)
# Two that are under way at once may come in either order: what failed later stays.
_WELL: Final = sql.SQL(
    "UPDATE {rules} SET hook_failed_at = NULL, hook_failure = '' WHERE hook_url = %s AND hook_failed_at < %s"
)


class Health:
    """Of one address of one tenant's, as one process knows it."""

    def __init__(self, schema: str, url: str, background: Background, every: float = EVERY) -> None:
        self._schema, self._url, self._background, self._every = schema, url, background, every
        self._well, self._told = True, False  # the last answer; whether a failure of ours stands there
        self._next_failure = self._next_success = 0.0
        self._clearing: asyncio.Task[None] | None = None

    def failed(self, why: str) -> None:
        """`why` is a sentence for the owner."""
        self._well = False
        now = time.monotonic()
        if now >= self._next_failure:
            self._next_failure = self._next_success = now + self._every
            at = datetime.now(UTC)
            self._told = True
            kept = why.replace("\x00", "\ufffd")[:MOST_KEPT]
            self._background.run(quietly(self._write(_FAILED, at, kept, self._url, at)))

    def succeeded(self) -> None:
        """A sound answer came."""
        self._well = True
        if self._clearing is None or self._clearing.done():
            left = self._next_success - time.monotonic()
            # What another process may have written can wait for the next message.
            if left <= 0 or self._told:
                self._clearing = self._background.run(quietly(self._clear(left)))

    async def _clear(self, left: float) -> None:
        await asyncio.sleep(max(left, 0))
        if self._well:
            self._told, self._next_success = False, time.monotonic() + self._every
            await self._write(_WELL, self._url, datetime.now(UTC))

    async def _write(self, statement: sql.SQL, *values: object) -> None:
        async with (await pool()).connection() as db:
            await db.execute(statement.format(**tables_of(self._schema)), values)
