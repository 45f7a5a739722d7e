"""Staff sessions as sockets know them: by a digest, which opens nothing."""

import hashlib
from collections.abc import Iterable

from psycopg import sql

from tenants.context import HasSchema
from tenants.database import pool

_LIVE = sql.SQL(
    "SELECT d FROM (SELECT encode(sha256(convert_to(session_key, 'UTF8')), 'hex') AS d FROM {sessions} "
    "WHERE expire_date > now()) s WHERE d = ANY(%s)"
)


def digest(session_key: str) -> str:
    """A session's name for everyone but its owner."""
    return hashlib.sha256(session_key.encode()).hexdigest()


async def ended(tenant: HasSchema, digests: Iterable[str]) -> set[str]:
    """Those of these sessions that are no more: signed out, expired, or replaced by another. From the database."""
    asked = set(digests)
    query = _LIVE.format(sessions=sql.Identifier(tenant.schema_name, "django_session"))
    async with (await pool()).connection() as db:
        return asked - {row[0] for row in await (await db.execute(query, [list(asked)])).fetchall()}
