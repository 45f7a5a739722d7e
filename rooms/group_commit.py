"""One group of messages, of any room and tenant, into the database.

One transaction, one round trip: for each tenant's schema in order, lock the rooms in order, then number and insert.
Since the second statement takes its snapshot after the locks, it sees every duplicate another process committed; since
everyone locks in the same order, nobody deadlocks; since `seq` and `rev` come from the locked row, they have no gaps.

A group that fails is split, by tenant and then in halves, until the poisoned message stands alone. A commit whose
outcome was lost is simply repeated: messages carry ids of our own, and one that is already there is not written twice.
"""

import logging
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from realtime.events import ErrorCode
from rooms.drafts import Draft, Outcome, Written, later, unstorable
from rooms.texts import Refused
from tenants.database import AWAY, Connection, writing_pool

logger = logging.getLogger("snug.writer")

# SQLSTATEs, by class, that speak of the server or of bad luck and not of what was asked of it.
_AWAY_STATES: Final = ("08", "25", "40", "53", "57", "58")
# Somebody else holds this tenant's tables: lock_not_available, query_canceled.
_BUSY_STATES: Final = ("55P03", "57014")

# A tenant whose tables are locked must not stop the others for long; nor may a process that died in mid-transaction.
_LIMIT = "SELECT set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '10s', true)"
_LOCK = sql.SQL(
    "SELECT id, archived_at IS NOT NULL FROM {rooms} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
)
_JOIN = sql.SQL(
    "INSERT INTO {memberships} (room_id, member_id, role, joined_at) "
    "SELECT r.id, i.member_id, 'member', now() FROM unnest(%s::bigint[], %s::bigint[]) AS i(room_id, member_id) "
    "JOIN {rooms} r ON r.id = i.room_id AND r.archived_at IS NULL ON CONFLICT DO NOTHING"
)
_WRITE = sql.SQL(
    """
    WITH input AS (
      SELECT * FROM unnest(%(ids)s::uuid[], %(rooms)s::bigint[], %(senders)s::bigint[], %(bodies)s::text[],
                           %(client_ids)s::text[], %(replies)s::uuid[])
      WITH ORDINALITY AS i(id, room_id, sender_id, body, client_id, reply_to, ord)
    ), known AS (
      SELECT i.ord, m.id, m.seq, m.rev, m.created_at FROM input i JOIN {messages} m ON m.id = i.id
      UNION
      SELECT i.ord, m.id, m.seq, m.rev, m.created_at FROM input i JOIN {messages} m
        ON m.room_id = i.room_id AND m.sender_id = i.sender_id AND m.client_id = i.client_id
    ), numbered AS (
      SELECT i.*, date_trunc('milliseconds', statement_timestamp()) AS created_at,
             r.last_seq + row_number() OVER (PARTITION BY i.room_id ORDER BY i.ord) AS seq,
             r.last_rev + row_number() OVER (PARTITION BY i.room_id ORDER BY i.ord) AS rev
      FROM input i JOIN {rooms} r ON r.id = i.room_id AND r.archived_at IS NULL
      WHERE NOT EXISTS (SELECT FROM known k WHERE k.ord = i.ord)
    ), inserted AS (
      INSERT INTO {messages} (id, room_id, seq, rev, sender_id, body, client_id, reply_to, created_at)
      SELECT id, room_id, seq, rev, sender_id, body, client_id, reply_to, created_at FROM numbered
    ), counted AS (
      UPDATE {rooms} r SET last_seq = r.last_seq + c.n, last_rev = r.last_rev + c.n
      FROM (SELECT room_id, count(*) AS n FROM numbered GROUP BY room_id) c WHERE r.id = c.room_id
    )
    SELECT ord, id, seq, rev, created_at FROM numbered UNION ALL SELECT * FROM known
    """
)


async def commit(drafts: list[Draft]) -> dict[UUID, Outcome]:
    """Commit; where the database objects, find out to what. Raises AWAY's errors, after which all may be repeated."""
    try:
        return await _transact(drafts)
    except (psycopg.Error, *AWAY) as error:
        if _is_away(error):
            raise
        state = error.sqlstate if isinstance(error, psycopg.Error) else None
        logger.warning(
            "the database refused a group of %d messages: %s %s", len(drafts), type(error).__name__, state
        )
    first, second = _split(drafts)
    if first and second:
        return await commit(first) | await commit(second)
    if state in _BUSY_STATES:
        return dict.fromkeys(
            (draft.id for draft in drafts), later("This room is busy. Try again in a moment.", 1.0)
        )
    if len(drafts) == 1:
        return {drafts[0].id: unstorable()}
    middle = len(drafts) // 2
    return await commit(drafts[:middle]) | await commit(drafts[middle:])


def _is_away(error: BaseException) -> bool:
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    if state is None:
        return isinstance(error, AWAY)
    return state not in _BUSY_STATES and state.startswith(_AWAY_STATES)


def _split(drafts: list[Draft]) -> tuple[list[Draft], list[Draft]]:
    """Half of the tenants and the other half; the second is empty where there is one tenant."""
    schemas = sorted({draft.tenant.schema_name for draft in drafts})
    some = set(schemas[: (len(schemas) + 1) // 2])
    return (
        [draft for draft in drafts if draft.tenant.schema_name in some],
        [draft for draft in drafts if draft.tenant.schema_name not in some],
    )


async def _transact(drafts: list[Draft]) -> dict[UUID, Outcome]:
    """One transaction in one round trip."""
    firsts = _firsts(drafts)
    written_once = sorted({draft.id: draft for draft in firsts}.values(), key=_schema_of)
    schemas = [list(group) for _, group in groupby(written_once, _schema_of)]
    async with (await writing_pool()).connection() as db:
        try:
            async with db.pipeline():
                await db.execute("BEGIN ISOLATION LEVEL READ COMMITTED")  # whatever the server's default
                await db.execute(_LIMIT)
                cursors = [await _send(db, group) for group in schemas]
                await db.execute("COMMIT")
        except psycopg.Error:
            if not db.closed and not db.broken:
                await db.execute("ROLLBACK")
            raise
        found: dict[UUID, Outcome] = {}
        for group, (locked, written) in zip(schemas, cursors, strict=True):
            found |= _outcomes(group, await locked.fetchall(), await written.fetchall())
    return {draft.id: _of_draft(draft, found[first.id]) for draft, first in zip(drafts, firsts, strict=True)}


async def _send(db: Connection, drafts: list[Draft]) -> tuple[Any, Any]:
    """Queue one schema's statements; returns the cursors of the lock and of the write."""
    schema = drafts[0].tenant.schema_name
    tables = {
        "rooms": sql.Identifier(schema, "rooms_room"),
        "messages": sql.Identifier(schema, "rooms_message"),
        "memberships": sql.Identifier(schema, "rooms_membership"),
    }
    locked = await db.execute(_LOCK.format(**tables), [sorted({draft.room_id for draft in drafts})])
    newcomers = sorted({(draft.room_id, draft.sender_id) for draft in drafts if draft.joins})
    if newcomers:
        pairs = [[room for room, _ in newcomers], [member for _, member in newcomers]]
        await db.execute(_JOIN.format(**tables), pairs)
    values = {
        "ids": [draft.id for draft in drafts],
        "rooms": [draft.room_id for draft in drafts],
        "senders": [draft.sender_id for draft in drafts],
        "bodies": [draft.body for draft in drafts],
        "client_ids": [draft.client_id for draft in drafts],
        "replies": [draft.reply_to for draft in drafts],
    }
    return locked, await db.execute(_WRITE.format(**tables), values)


def _outcomes(drafts: list[Draft], rooms: list[Any], rows: list[Any]) -> dict[UUID, Outcome]:
    archived = dict(rooms)
    written = {drafts[ord_ - 1].id: Written(drafts[ord_ - 1], *rest) for ord_, *rest in rows}
    outcomes: dict[UUID, Outcome] = {}
    for draft in drafts:
        if draft.id in written:
            outcomes[draft.id] = written[draft.id]
        elif archived.get(draft.room_id):
            outcomes[draft.id] = Refused(
                ErrorCode.ROOM_ARCHIVED, "This room is archived; nobody can write in it."
            )
        else:
            outcomes[draft.id] = Refused(ErrorCode.NOT_FOUND, "There is no such room.")
    return outcomes


def _firsts(drafts: Sequence[Draft]) -> list[Draft]:
    """For each draft, the first of its group with the same client_id: two at once are one message."""
    seen: dict[tuple[str, int, int, str], Draft] = {}
    firsts = []
    for draft in drafts:
        if draft.client_id is None:
            firsts.append(draft)
        else:
            key = (draft.tenant.schema_name, draft.room_id, draft.sender_id, draft.client_id)
            firsts.append(seen.setdefault(key, draft))
    return firsts


def _of_draft(draft: Draft, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Refused):
        return outcome
    return Written(draft, outcome.id, outcome.seq, outcome.rev, outcome.created_at)


def _schema_of(draft: Draft) -> str:
    return draft.tenant.schema_name
