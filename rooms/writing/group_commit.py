"""One group of work, for any room and tenant, into the database.

One transaction, one round trip: for each tenant's schema in order, lock the rooms in order, then number and insert,
then change what is there. Since those statements take their snapshots after the locks, they see every duplicate another
process committed; since everyone locks in the same order, nobody deadlocks; since `seq` and `rev` come from the locked
row, they have no gaps.

A group that fails is split, by tenant and then in halves, until the poisoned piece stands alone. A commit whose
outcome was lost is simply repeated: messages carry ids of our own, and one that is already there is not written twice;
a change that is made already changes nothing.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final
from uuid import UUID

import psycopg

from rooms.tables import statement
from rooms.writing import changes, messages, reads
from rooms.writing.work import (
    Change,
    Draft,
    Outcome,
    ReadMark,
    Work,
    Written,
    later,
    no_such_room,
    unstorable,
)
from tenants.database import AWAY, writing_pool
from tenants.pipeline import Rows, Statement

logger = logging.getLogger("snug.writer")

# SQLSTATEs, by class, that speak of the server or of bad luck and not of what was asked of it; 26 and 0A000 of a
# prepared statement that went away, or whose table has changed its shape.
_AWAY_STATES: Final = ("08", "25", "26", "40", "53", "57", "58", "0A000")
# Somebody else holds this tenant's tables: lock_not_available, query_canceled.
_BUSY_STATES: Final = ("55P03", "57014")
# foreign_key_violation: the room was deleted, or whoever asked, while this was being written.
_GONE_STATE: Final = "23503"

_LOCK = (
    "SELECT id, archived_at IS NOT NULL FROM {rooms} WHERE id = ANY(%(rooms)s::bigint[]) "
    "ORDER BY id FOR NO KEY UPDATE"
)


async def commit(group: list[Work]) -> dict[UUID, Outcome]:
    """Commit; where the database objects, find out to what. Raises AWAY's errors, after which all may be repeated."""
    try:
        return await _transact(group)
    except (psycopg.Error, *AWAY) as error:
        if _is_away(error):
            raise
        state = error.sqlstate if isinstance(error, psycopg.Error) else None
        logger.warning("the database refused a group of %d: %s %s", len(group), type(error).__name__, state)
    first, second = _split(group)
    if first and second:
        return await commit(first) | await commit(second)
    if state in _BUSY_STATES:
        return dict.fromkeys(
            (work.id for work in group), later("This room is busy. Try again in a moment.", 1.0)
        )
    if len(group) == 1:
        return {group[0].id: no_such_room() if state == _GONE_STATE else unstorable()}
    middle = len(group) // 2
    return await commit(group[:middle]) | await commit(group[middle:])


def _is_away(error: BaseException) -> bool:
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    if state is None:
        return isinstance(error, AWAY)
    return state not in _BUSY_STATES and state.startswith(_AWAY_STATES)


def _split(group: list[Work]) -> tuple[list[Work], list[Work]]:
    """Half of the tenants and the other half; the second is empty where there is one tenant."""
    schemas = sorted({work.tenant.schema_name for work in group})
    some = set(schemas[: (len(schemas) + 1) // 2])
    return (
        [work for work in group if work.tenant.schema_name in some],
        [work for work in group if work.tenant.schema_name not in some],
    )


class _Part:
    """What one tenant's schema is to take of the group."""

    def __init__(self, group: Sequence[Work]) -> None:
        self.schema = group[0].tenant.schema_name
        self.drafts = [work for work in group if isinstance(work, Draft)]
        self.changes = [work for work in group if isinstance(work, Change)]
        self.marks = [work for work in group if isinstance(work, ReadMark)]
        self.locks = sorted({work.room_id for work in group if not isinstance(work, ReadMark)})

    def statements(self) -> Iterator[Sequence[Statement]]:
        """What to send, step by step."""
        if self.locks:
            yield [statement(self.schema, _LOCK, {"rooms": self.locks})]
        if self.drafts:
            yield messages.statements(self.schema, self.drafts)
        for change in self.changes:
            yield changes.statements(self.schema, change)
        if self.marks:
            yield reads.statements(self.schema, self.marks)

    def outcomes(self, results: Iterator[Sequence[Rows]]) -> dict[UUID, Outcome]:
        """What became of each, by what each step returned."""
        found: dict[UUID, Outcome] = {}
        is_archived: dict[int, bool] = dict(next(results)[0]) if self.locks else {}
        if self.drafts:
            found |= messages.outcomes(self.drafts, is_archived, next(results)[-1])
        for change in self.changes:
            found[change.id] = changes.outcome(change, is_archived, next(results))
        if self.marks:
            found |= reads.outcomes(self.marks, *next(results))
        return found


async def _transact(group: list[Work]) -> dict[UUID, Outcome]:
    """One transaction in one round trip."""
    firsts = _firsts(group)
    written_once = sorted({work.id: work for work in firsts}.values(), key=_schema_of)
    parts = [_Part(list(some)) for _, some in groupby(written_once, _schema_of)]
    steps = [step for part in parts for step in part.statements()]
    async with (await writing_pool()).connection() as db:
        rows = iter(await db.transact([each for step in steps for each in step]))
    results = iter([[next(rows) for _ in step] for step in steps])
    found: dict[UUID, Outcome] = {}
    for part in parts:
        found |= part.outcomes(results)
    return {work.id: _for(work, found[first.id]) for work, first in zip(group, firsts, strict=True)}


def _firsts(group: Sequence[Work]) -> list[Work]:
    """For each draft, the first of its group with the same client_id: two at once are one message."""
    seen: dict[tuple[str, int, int, str], Work] = {}
    firsts = []
    for work in group:
        if isinstance(work, Draft) and work.client_id is not None:
            key = (work.tenant.schema_name, work.room_id, work.sender_id, work.client_id)
            firsts.append(seen.setdefault(key, work))
        else:
            firsts.append(work)
    return firsts


def _for(work: Work, outcome: Outcome) -> Outcome:
    if isinstance(work, Draft) and isinstance(outcome, Written):
        return replace(outcome, draft=work)
    return outcome


def _schema_of(work: Work) -> str:
    return work.tenant.schema_name
