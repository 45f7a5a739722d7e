"""Direct rooms in which one has blocked the other: nobody writes there then."""

from typing import Final

from psycopg import sql

from accounts.identity import Identity
from moderation.tables import tables_of
from rooms.access import RoomRecord
from tenants.cache import Cache
from tenants.database import pool
from tenants.directory import TenantInfo

FRESH: Final = 5.0
MOST: Final = 20_000

_QUERY = sql.SQL(
    "SELECT bool_or(b.blocker_id = %(me)s) FROM {blocks} b JOIN {memberships} m ON m.room_id = %(room)s "
    "AND m.member_id = CASE WHEN b.blocker_id = %(me)s THEN b.blocked_id ELSE b.blocker_id END "
    "WHERE b.blocker_id = %(me)s OR b.blocked_id = %(me)s"
)

# By schema, room and member: None where nobody has blocked anybody, else whether it was they.
_cache: Cache[tuple[str, int, int], bool | None] = Cache(MOST)


async def by_me(tenant: TenantInfo, room: RoomRecord, sender: Identity) -> bool | None:
    """None where nobody in the room has blocked the sender, nor they anybody in it; else whether it was they."""
    key = (tenant.schema_name, room.id, sender.member_id)
    if (known := _cache.get(key)) is not None:
        return known.answer
    asked_in = _cache.generation
    async with (await pool()).connection() as db:
        values = {"me": sender.member_id, "room": room.id}
        row = await (await db.execute(_QUERY.format(**tables_of(tenant.schema_name)), values)).fetchone()
    return _cache.keep(key, row[0] if row else None, FRESH, asked_in)


def forget(schema: str) -> None:
    """Drop what is cached of one tenant's blocks."""
    _cache.forget(lambda key: key[0] == schema)
