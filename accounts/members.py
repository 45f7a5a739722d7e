"""Users are created on first sight: a valid token is all the introduction they need."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import sql

from accounts.identity import Identity
from tenants.context import HasSchema
from tenants.database import pool

FRESH: Final = 30.0
MOST: Final = 50_000

_FIND = sql.SQL(
    "SELECT id, external_id, kind, role, name, avatar, tokens_valid_after FROM {members} WHERE external_id = %(id)s"
)
_REVOKED = sql.SQL(
    "SELECT external_id, tokens_valid_after FROM {members} "
    "WHERE external_id = ANY(%s) AND tokens_valid_after IS NOT NULL"
)
_SAVE = sql.SQL(
    "INSERT INTO {members} AS m (external_id, kind, role, name, avatar, password, created_at) "
    "VALUES (%(id)s, %(kind)s, '', coalesce(%(name)s, ''), coalesce(%(avatar)s, ''), '!', now()) "
    "ON CONFLICT (external_id) DO UPDATE "
    "SET name = coalesce(%(name)s, m.name), avatar = coalesce(%(avatar)s, m.avatar) "
    "RETURNING id, external_id, kind, role, name, avatar, tokens_valid_after"
)


class MemberRecord(msgspec.Struct, frozen=True):
    """A member's row as the hot paths need it."""

    id: int
    external_id: str
    kind: str
    role: str
    name: str
    avatar: str
    tokens_valid_after: datetime | None

    @property
    def username(self) -> str:
        return self.name or self.external_id

    def identified(self, **proof: Any) -> Identity:
        """This member as somebody who has proved who they are; `proof` holds Identity's other fields."""
        return Identity(
            member_id=self.id,
            external_id=self.external_id,
            username=self.username,
            kind=self.kind,
            **proof,
        )


_cache: dict[tuple[str, str, str | None, str | None], tuple[float, MemberRecord]] = {}


async def recognise(
    tenant: HasSchema, external_id: str, kind: str, name: str | None = None, avatar: str | None = None
) -> MemberRecord:
    """The member with this id, made or renamed as needed. A name or avatar of None leaves what is there.

    No query while the cache is warm, one when the row stands as told, two for a newcomer.
    """
    key = (tenant.schema_name, external_id, name, avatar)
    known = _cache.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    record = await _find_or_save(tenant, external_id, kind, name, avatar)
    if len(_cache) >= MOST:
        _cache.clear()
    _cache[key] = (time.monotonic() + FRESH, record)
    return record


async def revoked(tenant: HasSchema, external_ids: Iterable[str]) -> dict[str, float]:
    """Up to when the tokens of these members are revoked, in Unix seconds; those who never were are left out."""
    query = _REVOKED.format(members=sql.Identifier(tenant.schema_name, "accounts_member"))
    async with (await pool()).connection() as db:
        rows = await (await db.execute(query, [list(external_ids)])).fetchall()
    return {external_id: before.timestamp() for external_id, before in rows}


def forget(schema: str) -> None:
    """Drop what is cached of one tenant's members."""
    for key in [key for key in _cache if key[0] == schema]:
        del _cache[key]


async def _find_or_save(
    tenant: HasSchema, external_id: str, kind: str, name: str | None, avatar: str | None
) -> MemberRecord:
    table = sql.Identifier(tenant.schema_name, "accounts_member")
    values: dict[str, Any] = {"id": external_id, "kind": kind, "name": name, "avatar": avatar}
    async with (await pool()).connection() as db:
        row = await (await db.execute(_FIND.format(members=table), values)).fetchone()
        if row is not None and name in (None, row[4]) and avatar in (None, row[5]):
            return MemberRecord(*row)
        row = await (await db.execute(_SAVE.format(members=table), values)).fetchone()
    assert row is not None  # an upsert that updates always returns its row
    return MemberRecord(*row)
