"""Users are created on first sight: a valid token is all the introduction they need."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import sql

from accounts.identity import Identity
from realtime import groups
from realtime.publish import publisher
from realtime.together import Together
from tenants.context import HasSchema
from tenants.database import Connection, pool
from webhooks.tables import stamp, tables_of, telling

FRESH: Final = 30.0
MOST: Final = 50_000

_FIND = sql.SQL(
    "SELECT id, external_id, kind, role, name, avatar, tokens_valid_after FROM {members} "
    "WHERE external_id = ANY(%s)"
)
_REVOKED = sql.SQL(
    "SELECT external_id, tokens_valid_after FROM {members} "
    "WHERE external_id = ANY(%s) AND tokens_valid_after IS NOT NULL"
)
_RECORD = "id, external_id, kind, role, name, avatar, tokens_valid_after"
# Only the tenant's own users are news to its own servers.
_NEWS = f"""
    SELECT {{type}} AS type, NULL::bigint AS room_id, m.id AS ord, jsonb_build_object(
      'external_id', m.external_id, 'name', m.name, 'avatar', m.avatar, 'created_at', {stamp("m.created_at")}) AS data
    FROM saved m WHERE m.kind = 'user'
"""
# In the order of their ids: two processes that know the same newcomers wait for each other in one direction only.
_MAKE = sql.SQL(
    "WITH saved AS (INSERT INTO {members} (external_id, kind, role, name, avatar, password, created_at) "
    "SELECT id, kind, '', coalesce(name, ''), coalesce(avatar, ''), '!', now() "
    "FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS n(id, kind, name, avatar) ORDER BY id "
    "ON CONFLICT (external_id) DO NOTHING RETURNING *)"
    + telling(_NEWS.format(type="'user.created'"), rings=True)
    + f"SELECT {_RECORD} FROM saved"
)
_SAVE = sql.SQL(
    "WITH saved AS (INSERT INTO {members} AS m (external_id, kind, role, name, avatar, password, created_at) "
    "VALUES (%(id)s, %(kind)s, '', coalesce(%(name)s, ''), coalesce(%(avatar)s, ''), '!', now()) "
    "ON CONFLICT (external_id) DO UPDATE "
    "SET name = coalesce(%(name)s, m.name), avatar = coalesce(%(avatar)s, m.avatar) "
    "RETURNING m.*, m.xmax = 0 AS made)"
    + telling(_NEWS.format(type="CASE WHEN m.made THEN 'user.created' ELSE 'user.updated' END"), rings=True)
    + f"SELECT {_RECORD} FROM saved"
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


class _Introduction(NamedTuple):
    """What a token says of its user."""

    id: str
    kind: str
    name: str | None
    avatar: str | None

    def describes(self, record: MemberRecord | None) -> bool:
        """Whether there is nothing in it that the record does not say."""
        return (
            record is not None and self.name in (None, record.name) and self.avatar in (None, record.avatar)
        )


# Until when a record counts, on the monotonic clock; None while somebody asks for it.
_cache: dict[tuple[str, str], tuple[float, MemberRecord | None]] = {}


async def recognise(
    tenant: HasSchema, external_id: str, kind: str, name: str | None = None, avatar: str | None = None
) -> MemberRecord:
    """The member with this id, made or renamed as needed. A name or avatar of None leaves what is there.

    No query while the cache is warm; otherwise one, and two for newcomers, for all who ask at the same moment.
    """
    key = (tenant.schema_name, external_id)
    told = _Introduction(external_id, kind, name, avatar)
    entry = _cache.get(key)
    if entry is not None and (known := entry[1]) is not None:
        if entry[0] > time.monotonic() and told.describes(known):
            return known
        entry = None
    if entry is None:
        if len(_cache) >= MOST:
            _cache.clear()
        entry = _cache[key] = (time.monotonic(), None)
    record = await _introductions.ask(tenant.schema_name, told)
    if _cache.get(key) is entry:  # otherwise they were renamed meanwhile, and this may be the old record
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


def forget_one(schema: str, external_id: str) -> None:
    """Drop what is cached of one member: they have another name or avatar."""
    _cache.pop((schema, external_id), None)


async def _find_or_save(schema: str, asked: list[_Introduction]) -> list[MemberRecord]:
    tables = {"members": sql.Identifier(schema, "accounts_member"), **tables_of(schema)}
    by_id = {told.id: told for told in asked}
    renamed: dict[str, None] = {}
    answers = []
    async with (await pool()).connection() as db:
        rows = await (await db.execute(_FIND.format(**tables), [list(by_id)])).fetchall()
        known = {row[1]: MemberRecord(*row) for row in rows}
        if newcomers := [told for id_, told in by_id.items() if id_ not in known]:
            columns = [list(column) for column in zip(*newcomers, strict=True)]
            rows = await (await db.execute(_MAKE.format(**tables), columns)).fetchall()
            known |= {row[1]: MemberRecord(*row) for row in rows}
        for told in asked:
            if not told.describes(known.get(told.id)):
                known[told.id] = await _save(db, tables, told)
                renamed[told.id] = None
            answers.append(known[told.id])
    _tell_renamed(schema, renamed)  # committed by now: whoever asks again reads the new name
    return answers


def _tell_renamed(schema: str, external_ids: Iterable[str]) -> None:
    """Make every process forget the old names, this one at once."""
    for external_id in external_ids:
        forget_one(schema, external_id)
        event = {"type": "renamed", "schema": schema, "user": external_id}
        publisher().publish([(groups.CONTROL, event)])


async def _save(db: Connection, tables: dict[str, sql.Composable], told: _Introduction) -> MemberRecord:
    """For whoever has another name now, or was made by another process in this moment."""
    row = await (await db.execute(_SAVE.format(**tables), told._asdict())).fetchone()
    assert row is not None  # an upsert that updates always returns its row
    return MemberRecord(*row)


_introductions: Together[str, _Introduction, MemberRecord] = Together(_find_or_save)
