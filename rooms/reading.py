"""Reading rooms and their past, as raw SQL on the loop's pool: schema-qualified, one round trip each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET
from psycopg import sql

from realtime.events import DeletedState, FileRef, MessageState, Reaction, stamp
from rooms.tables import tables_of
from tenants.database import share
from tenants.directory import TenantInfo

MOST_RESUMED: Final = 1000
# A page ends before its limit where its texts would make a frame that clients refuse: many stop at 1 MiB.
MOST_BYTES: Final = 800 * 1024

AnyMessage = MessageState | DeletedState

# A row of these, of a message `m` and its sender `s`, becomes a message by `message_of`.
COLUMNS: Final = (
    "m.id, m.seq, m.rev, m.body, s.external_id, s.name, m.client_id, m.reply_to, m.created_at, m.edited_at, "
    "m.deleted_at, m.reactions, m.files"
)
# Conditions on `m` follow.
MESSAGES: Final = f"SELECT {COLUMNS} FROM {{messages}} m JOIN {{members}} s ON s.id = m.sender_id WHERE "
_MESSAGES = sql.SQL(MESSAGES)
_BY_ROOM = sql.SQL("m.room_id = %(room)s AND m.created_at > %(since)s AND ")
_STATE = sql.SQL("SELECT last_seq, last_rev FROM {rooms} WHERE id = %(room)s")
_REVS = sql.SQL("SELECT id, last_rev FROM {rooms} WHERE id = ANY(%(rooms)s)")
_OLDEST = sql.SQL(
    "SELECT seq FROM {messages} WHERE room_id = %(room)s AND created_at > %(since)s ORDER BY seq LIMIT 1"
)


class RoomState(msgspec.Struct, frozen=True):
    """Where a room stands: its newest message and its newest change."""

    last_seq: int
    last_rev: int


class Page(msgspec.Struct, frozen=True):
    """Messages in ascending `seq`, whether more lie beyond, and the oldest `seq` that retention left (0: none)."""

    messages: list[AnyMessage]
    has_more: bool
    oldest_seq: int


async def state(tenant: TenantInfo, room_id: int) -> RoomState:
    """A room's counters; (0, 0) for a room that is gone."""
    rows = await _fetch(tenant, {"room": room_id}, _STATE)
    return RoomState(*rows[0]) if rows else RoomState(0, 0)


async def revs(tenant: TenantInfo, room_ids: list[int]) -> dict[int, int]:
    """How far each of these rooms has come, by room id; those that are gone are left out."""
    return dict(await _fetch(tenant, {"rooms": room_ids}, _REVS))


async def history(
    tenant: TenantInfo,
    room_id: int,
    room_name: str,
    *,
    before: int | None,
    after: int | None,
    limit: int,
    upto: int | None = None,
) -> Page:
    """A page before or after a `seq` (exclusive), or the latest. What lies beyond `upto` is taken not to be there."""
    values = {
        "room": room_id,
        "since": kept_since(tenant),
        "before": before,
        "after": after,
        "upto": upto,
        "limit": limit + 1,
    }
    if after is not None:
        where = sql.SQL(
            "m.seq > %(after)s AND m.seq <= coalesce(%(upto)s, m.seq) ORDER BY m.seq LIMIT %(limit)s"
        )
    elif before is not None:
        where = sql.SQL("m.seq < %(before)s ORDER BY m.seq DESC LIMIT %(limit)s")
    else:
        where = sql.SQL("true ORDER BY m.seq DESC LIMIT %(limit)s")
    rows = await _fetch(tenant, values, _MESSAGES, _BY_ROOM, where)
    oldest = await _fetch(tenant, values, _OLDEST)
    messages = sorted(_fitting(rows, limit, room_name), key=lambda message: message.seq)
    return Page(messages, len(rows) > len(messages), oldest[0][0] if oldest else 0)


async def missed(
    tenant: TenantInfo, room_id: int, room_name: str, *, since: int, upto: int
) -> tuple[list[AnyMessage], bool]:
    """Messages after `since` up to `upto`, in order of `seq`, as they stand now; and whether that is not all."""
    newer = sql.SQL("m.seq > %(after)s AND m.seq <= %(upto)s ORDER BY m.seq LIMIT %(limit)s")
    return await _resumed(tenant, room_id, room_name, newer, after=since, upto=upto)


async def changed(
    tenant: TenantInfo, room_id: int, room_name: str, *, seq: int, rev: int
) -> tuple[list[AnyMessage], bool]:
    """Messages up to `seq` whose last change is after `rev`, in order of `rev`; and whether that is not all.

    Those that have changed again just now too: what is told of that live may be a reaction alone.
    """
    older = sql.SQL("m.seq <= %(seq)s AND m.rev > %(rev)s ORDER BY m.rev LIMIT %(limit)s")
    return await _resumed(tenant, room_id, room_name, older, seq=seq, rev=rev)


async def _resumed(
    tenant: TenantInfo, room_id: int, room_name: str, where: sql.SQL, **bounds: int
) -> tuple[list[AnyMessage], bool]:
    """What fits a frame of those that retention kept; and whether that is not all."""
    values = {"room": room_id, "since": kept_since(tenant), "limit": MOST_RESUMED + 1, **bounds}
    rows = await _fetch(tenant, values, _MESSAGES, _BY_ROOM, where)
    messages = _fitting(rows, MOST_RESUMED, room_name)
    return messages, len(rows) > len(messages)


async def changes(tenant: TenantInfo, room_id: int, room_name: str, *, rev: int) -> list[AnyMessage]:
    """Every message changed after `rev`, in order of `rev`: what a hub that missed publishes lacks.

    One that has changed again just now is among them: without it, and what it was before, there would be a gap.
    """
    where = sql.SQL("m.room_id = %(room)s AND m.rev > %(rev)s ORDER BY m.rev")
    rows = await _fetch(tenant, {"room": room_id, "rev": rev}, _MESSAGES, where)
    return [message_of(row, room_name) for row in rows]


async def by_client_id(
    tenant: TenantInfo, room_id: int, room_name: str, sender_id: int, client_id: str
) -> AnyMessage | None:
    """The message that a sender named `client_id` in a room, as it stands now, or None."""
    where = sql.SQL("m.room_id = %(room)s AND m.sender_id = %(sender)s AND m.client_id = %(client_id)s")
    values = {"room": room_id, "sender": sender_id, "client_id": client_id}
    rows = await _fetch(tenant, values, _MESSAGES, where)
    return message_of(rows[0], room_name) if rows else None


async def message(tenant: TenantInfo, room_id: int, room_name: str, message_id: UUID) -> AnyMessage | None:
    """One message of a room as it stands now, or None."""
    where = sql.SQL("m.room_id = %(room)s AND m.id = %(id)s")
    rows = await _fetch(tenant, {"room": room_id, "id": message_id}, _MESSAGES, where)
    return message_of(rows[0], room_name) if rows else None


async def origin_of(tenant: TenantInfo, room_id: int, message_id: UUID) -> tuple[int, bool] | None:
    """The member who sent this message of this room, deleted or not, and whether it has files; None where there is no
    such message."""
    query = sql.SQL(
        "SELECT sender_id, files IS NOT NULL FROM {messages} WHERE room_id = %(room)s AND id = %(id)s"
    )
    rows = await _fetch(tenant, {"room": room_id, "id": message_id}, query)
    return (rows[0][0], rows[0][1]) if rows else None


def counts(message: AnyMessage) -> dict[str, int]:
    """How many have given each emoji."""
    return {} if isinstance(message, DeletedState) else {sum_.emoji: sum_.count for sum_ in message.reactions}


def _fitting(rows: Sequence[tuple[Any, ...]], limit: int, room_name: str) -> list[AnyMessage]:
    """The first rows' messages: at most `limit`, and at most MOST_BYTES as a frame, but at least one."""
    messages: list[AnyMessage] = []
    size = 0
    for row in rows[:limit]:
        message = message_of(row, room_name)
        size += len(msgspec.json.encode(message)) + 1
        if size > MOST_BYTES and messages:
            break
        messages.append(message)
    return messages


def kept_since(tenant: TenantInfo) -> datetime:
    """The moment before which the plan keeps no history."""
    days = tenant.limits.history_days
    return datetime.now(UTC) - timedelta(days=days) if days else datetime(1970, 1, 1, tzinfo=UTC)


async def _fetch(tenant: TenantInfo, values: dict[str, Any], *parts: sql.SQL) -> Sequence[tuple[Any, ...]]:
    async with share(tenant.schema_name) as db:
        query = sql.Composed([part.format(**tables_of(tenant.schema_name)) for part in parts])
        return await (await db.execute(query, values)).fetchall()


def message_of(row: tuple[Any, ...], room_name: str) -> AnyMessage:
    """A row of MESSAGES as everyone sees it."""
    id_, seq, rev, body, sender, name, client_id, reply_to, created, edited, deleted, reactions, files = row
    if deleted is not None:
        return DeletedState(message_id=str(id_), seq=seq, rev=rev, room=room_name)
    return MessageState(
        message_id=str(id_),
        seq=seq,
        rev=rev,
        room=room_name,
        message=body,
        user_id=sender,
        username=name or sender,
        timestamp=stamp(created),
        client_id=client_id or UNSET,
        reply_to=str(reply_to) if reply_to else UNSET,
        edited_at=stamp(edited) if edited else UNSET,
        files=msgspec.convert(files, list[FileRef]) if files else UNSET,
        reactions=[Reaction(sum_["emoji"], sum_["count"]) for sum_ in reactions],
    )
