"""How much somebody has not read: what others have said after the member's receipt, deleted messages left out.

Where there is no receipt, everything in a room that is not public, since it is meant for them; and nothing in a public
one, which they may never have looked for.
"""

from collections.abc import Sequence
from typing import Final

from psycopg import sql

from rooms.tables import tables_of
from tenants.database import pool
from tenants.directory import TenantInfo

# Nobody reads a badge that says more, and counting further costs.
MOST_UNREAD: Final = 1_000

# For a member `i.member_id` with the receipt `x`, if any, in a room `r`; takes %(most)s.
COUNT: Final = """
    (SELECT count(*) FROM (
       SELECT FROM {messages} m
       WHERE m.room_id = r.id AND m.seq > coalesce(x.seq, CASE r.kind WHEN 'public' THEN r.last_seq ELSE 0 END)
         AND m.deleted_at IS NULL AND m.sender_id <> i.member_id
       LIMIT %(most)s) c)
"""
_IN_ROOMS = sql.SQL(
    """
    SELECT r.id, {unread}
    FROM unnest(%(rooms)s::bigint[]) AS w(room_id)
    CROSS JOIN (SELECT %(member)s::bigint AS member_id) i
    JOIN {rooms} r ON r.id = w.room_id
    LEFT JOIN {receipts} x ON x.room_id = r.id AND x.member_id = i.member_id
    """.replace("{unread}", COUNT)
)


async def counts(tenant: TenantInfo, room_ids: Sequence[int], member_id: int) -> dict[int, int]:
    """How many messages a member has not read in each of these rooms, at most MOST_UNREAD: one query for all."""
    values = {"rooms": list(room_ids), "member": member_id, "most": MOST_UNREAD}
    async with (await pool()).connection() as db:
        cursor = await db.execute(_IN_ROOMS.format(**tables_of(tenant.schema_name)), values)
        return dict(await cursor.fetchall())
