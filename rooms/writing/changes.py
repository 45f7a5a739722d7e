"""Edits, deletions and reactions, in a locked room: a few statements each, all in the group's one round trip.

Each takes the room's next `rev` where it changes anything, and none where it does not. That also settles a commit
whose outcome was lost: done again, it finds nothing to do.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from realtime.events import DeletedState, ErrorCode
from rooms import reading
from rooms.texts import Refused
from rooms.writing.work import (
    Change,
    Changed,
    Deletion,
    Edit,
    Outcome,
    Reaction,
    archived,
    no_such_message,
)
from tenants.database import Connection

MOST_EMOJI: Final = 50  # different ones on a message

# `{when}` says in which case there is something to change.
_CHANGE = """
    WITH target AS (
      SELECT m.id FROM {{messages}} m JOIN {{rooms}} r ON r.id = m.room_id AND (r.archived_at IS NULL OR %(moderated)s)
      WHERE m.id = %(message)s AND m.room_id = %(room)s AND m.deleted_at IS NULL AND {when}
    ), bumped AS (
      UPDATE {{rooms}} r SET last_rev = r.last_rev + 1
      WHERE r.id = %(room)s AND EXISTS (SELECT FROM target) RETURNING r.last_rev
    )
    UPDATE {{messages}} m SET {change}, rev = bumped.last_rev FROM bumped WHERE m.id = %(message)s RETURNING m.rev
"""
_NOW = "date_trunc('milliseconds', statement_timestamp())"
_EDIT = sql.SQL(_CHANGE.format(when="m.body <> %(body)s", change=f"body = %(body)s, edited_at = {_NOW}"))
_DELETE = sql.SQL(
    _CHANGE.format(when="true", change=f"body = '', reactions = '[]', edited_at = NULL, deleted_at = {_NOW}")
)
_DELETE_REACTIONS = sql.SQL(
    "DELETE FROM {reactions} x USING {messages} m "
    "WHERE x.message_id = m.id AND m.id = %(message)s AND m.deleted_at IS NOT NULL"
)
_REACT = sql.SQL(
    """
    INSERT INTO {reactions} (message_id, member_id, emoji, created_at)
    SELECT m.id, %(member)s, %(emoji)s::text, now()
    FROM {messages} m JOIN {rooms} r ON r.id = m.room_id AND r.archived_at IS NULL
    WHERE m.id = %(message)s AND m.room_id = %(room)s AND m.deleted_at IS NULL
      AND (jsonb_array_length(m.reactions) < %(most)s
           OR m.reactions @> jsonb_build_array(jsonb_build_object('emoji', %(emoji)s::text)))
    ON CONFLICT DO NOTHING
    """
)
_TAKE_BACK = sql.SQL(
    """
    DELETE FROM {reactions} x USING {messages} m, {rooms} r
    WHERE x.message_id = m.id AND m.id = %(message)s AND m.room_id = %(room)s
      AND r.id = m.room_id AND r.archived_at IS NULL AND x.member_id = %(member)s AND x.emoji = %(emoji)s
    """
)
# A message carries the sums, so that nobody counts when it is read.
_SUMS = """(
    SELECT coalesce(jsonb_agg(jsonb_build_object('emoji', s.emoji, 'count', s.n) ORDER BY s.first), '[]')
    FROM (SELECT emoji, count(*) AS n, min(id) AS first FROM {reactions}
          WHERE message_id = %(message)s GROUP BY emoji) s
)"""
_SUM_UP = sql.SQL(_CHANGE.format(when=f"m.reactions <> {_SUMS}", change=f"reactions = {_SUMS}"))
_AS_IT_STANDS = sql.SQL("m.room_id = %(room)s AND m.id = %(message)s")

Cursors = tuple[Any, Any]


async def send(db: Connection, tables: dict[str, sql.Identifier], changes: Sequence[Change]) -> list[Cursors]:
    """Queue the statements; for each change the cursors of its new `rev` and of the message as it then stands."""
    return [await _send(db, tables, change) for change in changes]


async def _send(db: Connection, tables: dict[str, sql.Identifier], change: Change) -> Cursors:
    values: dict[str, Any] = {
        "message": change.message_id,
        "room": change.room_id,
        "moderated": _is_moderated(change),
    }

    async def run(*parts: sql.SQL) -> Any:
        return await db.execute(sql.Composed([part.format(**tables) for part in parts]), values)

    match change:
        case Edit(body=body):
            values["body"] = body
            changed = await run(_EDIT)
        case Deletion():
            changed = await run(_DELETE)
            await run(_DELETE_REACTIONS)
        case Reaction(member_id=member, emoji=emoji, on=on):
            values |= {"member": member, "emoji": emoji, "most": MOST_EMOJI}
            await run(_REACT if on else _TAKE_BACK)
            changed = await run(_SUM_UP)
        case _:
            raise TypeError(f"{change} is no change")
    return changed, await run(reading.MESSAGES, _AS_IT_STANDS)


async def outcomes(
    changes: Sequence[Change], is_archived: dict[int, bool], cursors: Sequence[Cursors]
) -> dict[UUID, Outcome]:
    """What became of each change."""
    found: dict[UUID, Outcome] = {}
    for change, (changed, stands) in zip(changes, cursors, strict=True):
        is_new = await changed.fetchone() is not None
        row = await stands.fetchone()
        found[change.id] = _outcome(change, is_archived, is_new, row)
    return found


def _is_moderated(change: Change) -> bool:
    return isinstance(change, Deletion) and change.moderated


def _outcome(
    change: Change, is_archived: dict[int, bool], is_new: bool, row: tuple[Any, ...] | None
) -> Outcome:
    if row is None:
        return no_such_message()
    message = reading.message_of(row, change.room_name)
    if is_new:
        return Changed(change, message, is_new=True)
    if is_archived.get(change.room_id) and not _is_moderated(change):
        return archived()
    if isinstance(message, DeletedState) and not isinstance(change, Deletion):
        return no_such_message()
    if isinstance(change, Reaction) and change.on and change.emoji not in reading.counts(message):
        return Refused(ErrorCode.INVALID_FIELD, f"A message takes {MOST_EMOJI} different reactions, no more.")
    return Changed(change, message, is_new=False)
