"""The search index, kept up behind the writer's back: nobody who speaks waits for it, and whatever is not in it yet is
matched directly (rooms.search.finding). So it may fall behind as far as it likes; a search only takes longer then.

A room's mark and the entries of its messages are changed in one transaction. Several may index at once: who finds a
mark taken leaves that room to the other.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql

from rooms.tables import tables_of
from tenants.database import AWAY, Connection, share

logger = logging.getLogger("snug.search")

# Of one transaction: messages, characters of theirs (but at least one message), rooms.
AT_ONCE: Final = 1_000
CHARACTERS: Final = 300_000
ROOMS: Final = 200
# After a batch the indexer rests so many times as long as that took: a backlog must not take the processor away from
# those who are speaking.
REST: Final = 3.0

_AMONG: Final = "(%(rooms)s::bigint[] IS NULL OR r.id = ANY(%(rooms)s::bigint[]))"
_IS_BEHIND = sql.SQL(
    "SELECT EXISTS (SELECT FROM {rooms} r LEFT JOIN {search_marks} k ON k.room_id = r.id "
    f"WHERE r.last_rev > coalesce(k.rev, 0) AND {_AMONG})"
)
# Lost with a crash, which is no loss: index and marks go together. And nobody waits for a disk, nor for long for a
# process that hangs in the middle of this.
_HURRY = sql.SQL(
    "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '1s', true), "
    "set_config('idle_in_transaction_session_timeout', '10s', true)"
)
_MARK = sql.SQL(
    "INSERT INTO {search_marks} (room_id, rev) SELECT r.id, 0 FROM {rooms} r "
    f"WHERE r.last_rev > 0 AND {_AMONG} AND NOT EXISTS (SELECT FROM {{search_marks}} k WHERE k.room_id = r.id) "
    "ORDER BY r.id ON CONFLICT DO NOTHING"
)
# The rooms that have least to do come first. The messages of each come in order of `rev`, and one room after the other,
# since the loop that joins them has no other way: wherever a limit cuts, what there is of a room is its beginning.
_INDEX = sql.SQL(
    f"""
    WITH behind AS MATERIALIZED (
      SELECT k.room_id, k.rev, r.last_rev FROM {{search_marks}} k JOIN {{rooms}} r ON r.id = k.room_id
      WHERE k.rev < r.last_rev AND {_AMONG}
      ORDER BY r.last_rev - k.rev, k.room_id LIMIT %(most_rooms)s FOR UPDATE OF k SKIP LOCKED
    ), seen AS MATERIALIZED (
      SELECT m.*, sum(length(m.body)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM behind b CROSS JOIN LATERAL (
        SELECT m.id, m.room_id, m.rev, m.sender_id, m.created_at, m.body, m.deleted_at FROM {{messages}} m
        WHERE m.room_id = b.room_id AND m.rev > b.rev ORDER BY m.rev LIMIT %(most)s
      ) m LIMIT %(most)s
    ), batch AS MATERIALIZED (
      SELECT * FROM seen WHERE before IS NULL OR before < %(characters)s
    ), total AS (
      SELECT (SELECT count(*) FROM batch) AS messages, (SELECT count(*) FROM behind) AS rooms,
             (SELECT count(*) FROM seen) < %(most)s
               AND NOT EXISTS (SELECT FROM seen WHERE before >= %(characters)s) AS all_of_them
    ), written AS (
      INSERT INTO {{search_entries}} AS e (message_id, room_id, sender_id, created_at, words)
      SELECT id, room_id, sender_id, created_at, public.snug_words(body) FROM batch WHERE deleted_at IS NULL
      ON CONFLICT (message_id) DO UPDATE SET words = excluded.words WHERE e.words <> excluded.words
    ), gone AS (
      DELETE FROM {{search_entries}} e USING batch b WHERE e.message_id = b.id AND b.deleted_at IS NOT NULL
    ), moved AS (
      UPDATE {{search_marks}} k SET rev = greatest(k.rev, b.upto)
      FROM (SELECT b.room_id, CASE WHEN t.all_of_them THEN b.last_rev
                              ELSE (SELECT max(x.rev) FROM batch x WHERE x.room_id = b.room_id) END AS upto
            FROM behind b, total t) b
      WHERE k.room_id = b.room_id
    )
    SELECT messages, NOT all_of_them OR rooms = %(most_rooms)s FROM total
    """
)


class Step(NamedTuple):
    """What a transaction has done: how many messages, and whether there is more to do."""

    messages: int
    more: bool


async def catch_up(
    db: Connection,
    schema: str,
    rooms: Sequence[int] | None = None,
    *,
    most: int = AT_ONCE,
    characters: int = CHARACTERS,
) -> Step:
    """Index the next messages of a workspace, or of some of its rooms, in one transaction. Raises what psycopg does."""
    tables = tables_of(schema)
    values: dict[str, Any] = {
        "rooms": rooms,
        "most": most,
        "characters": characters,
        "most_rooms": ROOMS,
    }
    is_behind = await (await db.execute(_IS_BEHIND.format(**tables), values)).fetchone()
    if is_behind is None or not is_behind[0]:
        return Step(0, more=False)
    async with db.transaction():
        await db.execute(_HURRY)
        await db.execute(_MARK.format(**tables), values)
        row = await (await db.execute(_INDEX.format(**tables), values)).fetchone()
    assert row is not None  # a SELECT of one row
    return Step(*row)


async def go_round(schemas: Sequence[str], seconds: float) -> int:
    """Index what there is in all these workspaces, in turns, for at most so long; how many messages it were.

    Where one's fault is in the way, the others go on.
    """
    end = time.monotonic() + seconds
    waiting, messages = list(schemas), 0
    while waiting and time.monotonic() < end:
        behind = []
        for schema in waiting:
            began = time.monotonic()
            try:
                async with share(schema) as db:
                    step = await catch_up(db, schema)
            except (psycopg.Error, *AWAY) as error:
                logger.warning("%s is not indexed now: %s", schema, error)
                continue
            messages += step.messages
            if step.more:
                behind.append(schema)
            if step.messages:
                await asyncio.sleep(REST * (time.monotonic() - began))
        waiting = behind
    return messages
