"""One page of what a search finds: the index, and beside it whatever has changed since the index was last brought up.

A message that is deleted is gone from the next answer, an edited one stands there as it is now: what the index holds of
a message that has changed since is passed over. All of it is one statement, and so sees one moment.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

import psycopg
from psycopg import sql

from realtime.events import MessageState
from realtime.loop_local import LoopLocal
from rooms import reading
from rooms.search import indexing
from rooms.tables import tables_of
from tenants.database import Connection, share
from tenants.directory import TenantInfo

# Of all that match so many are ranked, the newest: a word that everybody uses finds a million.
MOST_RANKED: Final = 10_000
# What a search itself brings into the index: messages, and characters of theirs.
AT_ONCE: Final = 500
CHARACTERS: Final = 100_000
# Milliseconds that the database may take.
PATIENCE: Final = 3_000
# Searches at once in a process, one of a workspace: the other connections are for those who speak and read.
MOST_AT_ONCE: Final = 2
# Seconds in which it must be one's turn.
LONGEST_WAIT: Final = 2.0

_LIMITS: Final = sql.SQL(
    "SELECT set_config('statement_timeout', %(patience)s, true), set_config('jit', 'off', true)"
)
# What both halves ask of `x`, an entry of the index or what stands in for one.
_WANTED: Final = """
    x.words @@ public.snug_query(%(terms)s::text[], true)
    AND (%(rooms)s::bigint[] IS NULL OR x.room_id = ANY(%(rooms)s::bigint[]))
    AND x.created_at > %(since)s AND (%(upto)s::timestamptz IS NULL OR x.created_at <= %(upto)s::timestamptz)
    AND (%(sender)s::text IS NULL OR x.sender_id = (SELECT id FROM {members} WHERE external_id = %(sender)s::text))
"""
_NEWEST: Final = "ORDER BY created_at DESC, id DESC LIMIT %(most)s"
# By its shape it has the good plan, whatever the planner believes of tables that grow: OFFSET keeps it at the few
# messages after each mark, NOT IN leaves it free to walk through the newest, and an array looks short: it is hashed.
_FIND: Final = sql.SQL(
    f"""
    WITH behind AS MATERIALIZED (
      SELECT r.id, coalesce(k.rev, 0) AS rev FROM {{rooms}} r LEFT JOIN {{search_marks}} k ON k.room_id = r.id
      WHERE r.last_rev > coalesce(k.rev, 0)
        AND (%(rooms)s::bigint[] IS NULL OR r.id = ANY(%(rooms)s::bigint[]))
    ), recent AS MATERIALIZED (
      SELECT m.id, m.room_id, m.sender_id, m.created_at,
             CASE WHEN m.deleted_at IS NULL THEN public.snug_words(m.body) END AS words
      FROM behind b CROSS JOIN LATERAL (
        SELECT * FROM {{messages}} m WHERE m.room_id = b.id AND m.rev > b.rev OFFSET 0
      ) m
    ), found AS (
      (SELECT x.message_id AS id, x.created_at, x.words FROM {{search_entries}} x
       WHERE {_WANTED} AND x.message_id NOT IN (SELECT unnest(ARRAY(SELECT id FROM recent))) {_NEWEST})
      UNION ALL
      SELECT x.id, x.created_at, x.words FROM recent x WHERE {_WANTED}
    ), ranked AS (
      SELECT id, created_at, ts_rank(words, public.snug_query(%(terms)s::text[], true))
                           + ts_rank(words, public.snug_query(%(terms)s::text[], false)) AS rank
      FROM (SELECT * FROM found {_NEWEST}) f
    ), page AS (
      SELECT * FROM ranked
      WHERE %(rank)s::float4 IS NULL OR (rank, created_at, id) < (%(rank)s::float4, %(at)s::timestamptz, %(id)s::uuid)
      ORDER BY rank DESC, created_at DESC, id DESC LIMIT %(limit)s
    )
    SELECT p.rank, p.created_at, p.id, now(), r.name, {reading.COLUMNS}
    FROM page p LEFT JOIN {{messages}} m ON m.id = p.id AND m.deleted_at IS NULL
    LEFT JOIN {{members}} s ON s.id = m.sender_id LEFT JOIN {{rooms}} r ON r.id = m.room_id
    ORDER BY p.rank DESC, p.created_at DESC, p.id DESC
    """
)


_turns: LoopLocal[asyncio.Semaphore] = LoopLocal(lambda: asyncio.Semaphore(MOST_AT_ONCE))
# By schema; gone when nobody of that workspace searches.
_turns_of_one: LoopLocal[WeakValueDictionary[str, asyncio.Semaphore]] = LoopLocal(WeakValueDictionary)


class TooSlow(Exception):
    """There is more to look through than the database may take time for."""


class Busy(Exception):
    """Too many others are being answered."""


class Place(NamedTuple):
    """Where a page ended. What was said after `upto`, when the first page was made, comes on none after it."""

    rank: float
    at: datetime
    id: UUID
    upto: datetime


class Wanted(NamedTuple):
    """What to look for: `terms`, all of them; in `rooms` (None: all there are); by `sender`, an external id."""

    terms: Sequence[str]
    rooms: Sequence[int] | None = None
    sender: str | None = None


class Found(NamedTuple):
    """The best first (words often, near each other, the last one whole), among equals the newest. `next` is None at the
    end."""

    messages: list[MessageState]
    next: Place | None


async def find(tenant: TenantInfo, wanted: Wanted, *, limit: int, after: Place | None = None) -> Found:
    """One page. Raises TooSlow or Busy, and what psycopg raises where the database is away."""
    if not wanted.terms or wanted.rooms == []:
        return Found([], None)
    values: dict[str, Any] = {
        **wanted._asdict(),
        "since": reading.kept_since(tenant),
        "most": MOST_RANKED,
        "limit": limit + 1,
        **(after._asdict() if after else dict.fromkeys(Place._fields)),
    }
    async with _turn(tenant.schema_name), share(tenant.schema_name) as db:
        # Where others hold what the index needs, everything is found without it all the same.
        with contextlib.suppress(psycopg.errors.LockNotAvailable):
            await indexing.catch_up(db, tenant.schema_name, wanted.rooms, most=AT_ONCE, characters=CHARACTERS)
        rows = await _rows(db, tenant.schema_name, values)
    messages = [reading.message_of(row[5:], row[4]) for row in rows[:limit] if row[4] is not None]
    found = [message for message in messages if isinstance(message, MessageState)]
    return Found(found, _place(rows[limit - 1], after) if len(rows) > limit else None)


@contextlib.asynccontextmanager
async def _turn(schema: str) -> AsyncIterator[None]:
    ours = _turns_of_one.get().setdefault(schema, asyncio.Semaphore(1))
    async with contextlib.AsyncExitStack() as held:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await held.enter_async_context(ours)
                await held.enter_async_context(_turns.get())
        except TimeoutError:
            raise Busy from None
        yield


async def _rows(db: Connection, schema: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    query = _FIND.format(**tables_of(schema))
    try:
        async with db.transaction():
            await db.execute(_LIMITS, {"patience": str(PATIENCE)})
            return await (await db.execute(query, values)).fetchall()
    except psycopg.errors.QueryCanceled:
        raise TooSlow from None


def _place(row: tuple[Any, ...], after: Place | None) -> Place:
    rank, at, id_, now, *_ = row
    return Place(rank, at, id_, after.upto if after else now)
