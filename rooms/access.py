"""Who may enter which room."""

import time
from typing import Any, Final

import msgspec
from psycopg import sql

from accounts.identity import Identity
from realtime import publish
from realtime.events import ErrorCode
from rooms.texts import Refused
from tenants.context import schema_connection
from tenants.database import pool
from tenants.directory import TenantInfo

FRESH: Final = 2.0
MOST: Final = 50_000

_ROOM = sql.SQL(
    "SELECT r.id, r.name, r.kind, r.archived_at IS NOT NULL, "
    "EXISTS (SELECT FROM {memberships} m WHERE m.room_id = r.id AND m.member_id = %(member)s) "
    "FROM {rooms} r WHERE r.name = %(name)s"
)
_VOUCHED = sql.SQL(
    "INSERT INTO {rooms} (name, kind, title, last_seq, last_rev, created_at) "
    "SELECT %(name)s, 'private', '', 0, 0, now() "
    "WHERE %(most)s::int IS NULL OR (SELECT count(*) FROM {rooms}) < %(most)s "
    "ON CONFLICT (name) DO NOTHING"
)


class RoomRecord(msgspec.Struct, frozen=True):
    """A room as it looks to one member."""

    id: int
    name: str
    kind: str
    archived: bool
    is_member: bool


_cache: dict[tuple[str, str, int], tuple[float, RoomRecord]] = {}


async def enter(tenant: TenantInfo, identity: Identity, name: str) -> RoomRecord:
    """The room, if this identity may be in it. Raises Refused with NOT_FOUND or FORBIDDEN.

    A token's `rooms` are the tenant's word: membership is not asked, and a room they name is made on first entry.
    """
    if identity.rooms is not None and name not in identity.rooms:
        raise Refused(ErrorCode.FORBIDDEN, "Your token does not name this room.")
    room = await _find(tenant, identity, name)
    if room is None and identity.rooms is not None:
        await _make_vouched(tenant, name)
        room = await _find(tenant, identity, name)
        if room is None:
            raise Refused(
                ErrorCode.FORBIDDEN, f"This workspace has all {tenant.limits.max_rooms} rooms of its plan."
            )
    if room is None:
        raise Refused(ErrorCode.NOT_FOUND, "There is no such room.")
    if not _may_enter(identity, room):
        raise Refused(ErrorCode.FORBIDDEN, "Only members may enter this room.")
    return room


def forget() -> None:
    """Drop what is cached: this process has just changed a room or a membership."""
    _cache.clear()


def forget_everywhere() -> None:
    """The same in every process, once the change is committed. For code inside the tenant's schema."""
    forget()
    publish.tell_all(type="changed", schema=schema_connection().schema_name)


def _may_enter(identity: Identity, room: RoomRecord) -> bool:
    vouched = identity.rooms is not None
    return vouched or room.kind == "public" or room.is_member or identity.kind in ("staff", "bot")


async def _find(tenant: TenantInfo, identity: Identity, name: str) -> RoomRecord | None:
    key = (tenant.schema_name, name, identity.member_id)
    known = _cache.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    row = await _one(tenant, _ROOM, {"name": name, "member": identity.member_id})
    if row is None:
        return None
    if len(_cache) >= MOST:
        _cache.clear()
    room = RoomRecord(*row)
    _cache[key] = (time.monotonic() + FRESH, room)
    return room


async def _make_vouched(tenant: TenantInfo, name: str) -> None:
    await _one(tenant, _VOUCHED, {"name": name, "most": tenant.limits.max_rooms})


async def _one(tenant: TenantInfo, query: sql.SQL, values: dict[str, Any]) -> tuple[Any, ...] | None:
    composed = query.format(
        rooms=sql.Identifier(tenant.schema_name, "rooms_room"),
        memberships=sql.Identifier(tenant.schema_name, "rooms_membership"),
    )
    async with (await pool()).connection() as db:
        cursor = await db.execute(composed, values)
        return await cursor.fetchone() if cursor.description else None
