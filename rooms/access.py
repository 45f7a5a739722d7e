"""Who may enter which room."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.db.models import Q
from psycopg import sql

from accounts.identity import Identity
from audit.kinds import Action
from realtime import publish
from realtime.events import ErrorCode
from realtime.together import Together
from rooms import quota
from rooms.models import Membership
from rooms.tables import tables_of
from rooms.texts import Refused
from tenants.cache import Cache
from tenants.context import schema_connection
from tenants.database import pool
from tenants.directory import TenantInfo
from webhooks.tables import stamp, telling

FRESH: Final = 2.0
MOST: Final = 50_000
# Seconds, 23 days. Who is told to wait longer is told no time: clients' timers go no further, and would go off at once.
LONGEST_WAIT: Final = 2_000_000

# Open without membership, to whom. Direct rooms are nobody's but their members'.
_FOR_ANYONE: Final = frozenset(["public"])
_FOR_STAFF: Final = _FOR_ANYONE | {"support"}
_FOR_ADMINS: Final = _FOR_STAFF | {"private"}
_FOR_BOTS: Final = _FOR_ADMINS | {"direct"}

# What a RoomRecord holds of a room `r` and of one member's membership `m` in it.
_RECORD = (
    "SELECT r.id, r.name, r.kind, r.archived_at IS NOT NULL, m.id IS NOT NULL, r.slow_mode, coalesce(m.role, ''), "
    "m.muted_until, r.title, r.created_at "
)
_NAMED = sql.SQL(
    _RECORD + ", i.member_id FROM unnest(%(names)s::text[], %(members)s::bigint[]) AS i(name, member_id) "
    "JOIN {rooms} r ON r.name = i.name "
    "LEFT JOIN {memberships} m ON m.room_id = r.id AND m.member_id = i.member_id"
)
_THOSE = sql.SQL(
    _RECORD
    + ", i.member_id FROM unnest(%(rooms)s::bigint[], %(members)s::bigint[]) AS i(room_id, member_id) "
    "JOIN {rooms} r ON r.id = i.room_id "
    "LEFT JOIN {memberships} m ON m.room_id = r.id AND m.member_id = i.member_id"
)
_VOUCHED = sql.SQL(
    "WITH made AS (INSERT INTO {rooms} (name, kind, title, last_seq, last_rev, created_at) "
    "SELECT %(name)s, 'private', '', 0, 0, now() "
    "WHERE %(most)s::int IS NULL OR (SELECT count(*) FROM {rooms}) < %(most)s "
    "ON CONFLICT (name) DO NOTHING RETURNING *)"
    + telling(
        f"""
      SELECT 'room.created' AS type, r.id AS room_id, 1 AS ord, jsonb_build_object(
        'name', r.name, 'kind', r.kind, 'title', r.title, 'last_seq', r.last_seq, 'archived', false,
        'slow_mode', r.slow_mode, 'created_at', {stamp("r.created_at")}) AS data
      FROM made r
    """,
        rings=True,
    )
    + ", noted AS (INSERT INTO {audit} (at, actor, action, object, details, address) "
    "SELECT now(), %(actor)s, %(action)s, r.name, jsonb_build_object('kind', r.kind, 'title', r.title), '' "
    "FROM made r) "
    "SELECT FROM made"
)


class RoomRecord(msgspec.Struct, frozen=True):
    """A room as it looks to one member."""

    id: int
    name: str
    kind: str
    archived: bool
    is_member: bool
    slow_mode: int = 0  # seconds
    role: str = ""
    muted_until: datetime | None = None
    title: str = ""
    created_at: datetime | None = None


# By schema, name of the room, and member.
_cache: Cache[tuple[str, str, int], RoomRecord] = Cache(MOST)


async def enter(tenant: TenantInfo, identity: Identity, name: str) -> RoomRecord:
    """The room, if this identity may be in it. Raises Refused with NOT_FOUND or FORBIDDEN.

    A token's `rooms` are the tenant's word: membership is not asked, and a room they name is made on first entry.
    """
    if identity.rooms is not None and name not in identity.rooms:
        raise Refused(ErrorCode.FORBIDDEN, "Your token does not name this room.")
    room = await _find(tenant, identity, name)
    if room is None and identity.rooms is not None:
        await _make_vouched(tenant, name, identity)
        room = await _find(tenant, identity, name)
        if room is None:
            raise Refused(
                ErrorCode.FORBIDDEN, f"This workspace has all {tenant.limits.max_rooms} rooms of its plan."
            )
    if room is None:
        raise Refused(ErrorCode.NOT_FOUND, "There is no such room.")
    if not may_enter(identity, room):
        raise Refused(ErrorCode.FORBIDDEN, "Only members may enter this room.")
    return room


def forget() -> None:
    """Drop what is cached: this process has just changed a room or a membership."""
    _cache.forget()


def forget_everywhere(room_id: int) -> None:
    """The same in every process, once the change is committed; whoever may no longer be in this room is shown out.

    For code inside the tenant's schema.
    """
    forget()
    publish.tell_all(type="changed", schema=schema_connection().schema_name, room=room_id)


async def as_they_stand(
    tenant: TenantInfo, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], RoomRecord]:
    """These rooms as they look to these members now, by (room id, member id); rooms that are gone are left out."""
    values = {"rooms": [room for room, _ in pairs], "members": [member for _, member in pairs]}
    async with (await pool()).connection() as db:
        cursor = await db.execute(_THOSE.format(**tables_of(tenant.schema_name)), values)
        return {(row[0], row[-1]): RoomRecord(*row[:-1]) for row in await cursor.fetchall()}


def may_enter(identity: Identity, room: RoomRecord) -> bool:
    """Whether they may be in the room: docs/decisions/who-enters-a-room.md. `open_to` says the same of all rooms."""
    if identity.rooms is not None:
        return room.name in identity.rooms
    return room.is_member or room.kind in _open_kinds(identity)


def open_to(identity: Identity) -> Q:
    """Those rooms, for filtering `Room.objects`; at most one row a room."""
    if identity.rooms is not None:
        return Q(name__in=identity.rooms)
    mine = Membership.objects.filter(member_id=identity.member_id).values("room_id")
    return Q(kind__in=_open_kinds(identity)) | Q(id__in=mine)


def _open_kinds(identity: Identity) -> frozenset[str]:
    """The kinds of room that need no membership of them."""
    if identity.is_bot:
        return _FOR_BOTS
    if identity.kind != "staff":
        return _FOR_ANYONE
    return _FOR_ADMINS if identity.role in ("owner", "admin") else _FOR_STAFF


def check_not_muted(room: RoomRecord) -> None:
    """Raises Refused where this member may only read for now."""
    left = _muted_for(room)
    if left > 0:
        wait = math.ceil(left) if left <= LONGEST_WAIT else None
        raise Refused(ErrorCode.MUTED, "You are muted in this room.", retry_after=wait)


def is_muted(room: RoomRecord) -> bool:
    """Whether this member may only read for now."""
    return _muted_for(room) > 0


def _muted_for(room: RoomRecord) -> float:
    """The seconds that are left of a mute; not above 0 where there is none."""
    return (room.muted_until - datetime.now(UTC)).total_seconds() if room.muted_until else 0.0


def may_moderate(identity: Identity, room: RoomRecord) -> bool:
    """Whether they may delete what others said, and need not wait in slow mode."""
    return identity.is_bot or identity.role in ("owner", "admin", "moderator") or room.role == "moderator"


async def _find(tenant: TenantInfo, identity: Identity, name: str) -> RoomRecord | None:
    key = (tenant.schema_name, name, identity.member_id)
    if (known := _cache.get(key)) is not None:
        return known.answer
    asked_in = _cache.generation
    room = await _questions.ask(tenant.schema_name, (name, identity.member_id))
    return _cache.keep(key, room, FRESH, asked_in) if room is not None else None


async def _make_vouched(tenant: TenantInfo, name: str, identity: Identity) -> None:
    values = {
        "name": name,
        "most": tenant.limits.max_rooms,
        "actor": identity.acts_as,
        "action": Action.ROOM_CREATED,
    }
    insert = _VOUCHED.format(**tables_of(tenant.schema_name))
    async with (await pool()).connection() as db, db.transaction():
        await db.execute(quota.LOCK, [quota.lock_name(tenant.schema_name)])
        await db.execute(insert, values)


async def _find_all(schema: str, asked: list[tuple[str, int]]) -> list[RoomRecord | None]:
    """The rooms with these names as they look to these members, None where there is none."""
    values = {"names": [name for name, _ in asked], "members": [member for _, member in asked]}
    async with (await pool()).connection() as db:
        cursor = await db.execute(_NAMED.format(**tables_of(schema)), values)
        found = {(row[1], row[-1]): RoomRecord(*row[:-1]) for row in await cursor.fetchall()}
    return [found.get(question) for question in asked]


_questions: Together[str, tuple[str, int], RoomRecord | None] = Together(_find_all)
