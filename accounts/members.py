"""Users are created on first sight: a valid token is all the introduction they need."""

import math
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import sql

from accounts import departures
from accounts.identity import Identity
from realtime import groups
from realtime.publish import publisher
from realtime.together import Together
from tenants.context import HasSchema
from tenants.database import pool
from webhooks.tables import stamp, tables_of, telling

FRESH: Final = 30.0
MOST: Final = 50_000

_RECORD = "m.id, m.external_id, m.kind, m.role, m.name, m.avatar, m.tokens_valid_after, m.banned_until "
_FIND = sql.SQL("SELECT " + _RECORD + "FROM {members} m WHERE external_id = ANY(%s)")
_BANNED = sql.SQL("SELECT external_id FROM {members} WHERE external_id = ANY(%s) AND banned_until > now()")
_REVOKED = sql.SQL(
    "SELECT external_id, tokens_valid_after FROM {members} "
    "WHERE external_id = ANY(%s) AND tokens_valid_after IS NOT NULL"
)
# Whoever was deleted under this id has left: only a newer token makes somebody of this id again; older ones stay void.
# In the order of their ids: two processes that know the same newcomers wait for each other in one direction only.
_MAKE = (
    "INSERT INTO {members} AS m (external_id, kind, role, name, avatar, password, created_at, tokens_valid_after) "
    "SELECT n.id, n.kind, '', coalesce(n.name, ''), coalesce(n.avatar, ''), '!', now(), d.at "
    "FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::float8[], %s::bytea[]) "
    "AS n(id, kind, name, avatar, issued_at, digest) LEFT JOIN {departures} d ON d.digest = n.digest "
    "WHERE d.at IS NULL OR n.issued_at IS NULL OR to_timestamp(n.issued_at) > d.at ORDER BY n.id "
    "ON CONFLICT (external_id) "
)
# Only the tenant's own users are news to its own servers. As `accounts.telling` has it.
_NEWS = f"""
    SELECT {{type}} AS type, NULL::bigint AS room_id, m.id AS ord, jsonb_build_object(
      'external_id', m.external_id, 'username', coalesce(nullif(m.name, ''), m.external_id), 'name', m.name,
      'avatar', m.avatar, 'kind', m.kind, 'created_at', {stamp("m.created_at")}) AS data
    FROM saved m WHERE m.kind = 'user'
"""
_ADD = sql.SQL(
    "WITH saved AS ("
    + _MAKE
    + "DO NOTHING RETURNING m.*)"
    + telling(_NEWS.format(type="'user.created'"), rings=True)
    + "SELECT "
    + _RECORD
    + "FROM saved m"
)
# Of one member at a time, with what is told of them once more.
_SAVE = sql.SQL(
    "WITH saved AS ("
    + _MAKE
    + "DO UPDATE SET name = coalesce(%s, m.name), avatar = coalesce(%s, m.avatar) RETURNING m.*, m.xmax = 0 AS made)"
    + telling(_NEWS.format(type="CASE WHEN m.made THEN 'user.created' ELSE 'user.updated' END"), rings=True)
    + "SELECT "
    + _RECORD
    + "FROM saved m"
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
    banned_until: datetime | None

    @property
    def banned(self) -> bool:
        """Whether they may not come in just now."""
        return self.banned_until is not None and self.banned_until > datetime.now(UTC)

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


class Departed(Exception):
    """A user of this id was deleted after the token was issued."""


class _Introduction(NamedTuple):
    """What a token says of its user."""

    id: str
    kind: str
    name: str | None
    avatar: str | None
    issued_at: float | None  # Unix seconds; None: the tenant's own server says it now

    def describes(self, record: MemberRecord | None) -> bool:
        """Whether there is nothing in it that the record does not say."""
        return (
            record is not None and self.name in (None, record.name) and self.avatar in (None, record.avatar)
        )


# Until when a record counts, on the monotonic clock; None while somebody asks for it.
_cache: dict[tuple[str, str], tuple[float, MemberRecord | None]] = {}


async def recognise(
    tenant: HasSchema,
    external_id: str,
    kind: str,
    name: str | None = None,
    avatar: str | None = None,
    issued_at: float | None = None,
) -> MemberRecord:
    """The member with this id, made or renamed as needed. A name or avatar of None leaves what is there.

    Raises Departed where all that says so was issued, at `issued_at` in Unix seconds, before they were deleted.
    No query while the cache is warm; otherwise one, and two for newcomers, for all who ask at the same moment.
    """
    key = (tenant.schema_name, external_id)
    told = _Introduction(external_id, kind, name, avatar, issued_at)
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


async def banned(tenant: HasSchema, external_ids: Iterable[str]) -> set[str]:
    """Those of these members who may not come in now. From the database."""
    query = _BANNED.format(members=sql.Identifier(tenant.schema_name, "accounts_member"))
    async with (await pool()).connection() as db:
        return {row[0] for row in await (await db.execute(query, [list(external_ids)])).fetchall()}


def forget(schema: str) -> None:
    """Drop what is cached of one tenant's members."""
    for key in [key for key in _cache if key[0] == schema]:
        del _cache[key]


def forget_one(schema: str, external_id: str) -> None:
    """Drop what is cached of one member: they have another name or avatar."""
    _cache.pop((schema, external_id), None)


async def _find_or_save(schema: str, asked: list[_Introduction]) -> list[MemberRecord | Exception]:
    tables = {
        "members": sql.Identifier(schema, "accounts_member"),
        **tables_of(schema),
        "departures": sql.Identifier(schema, "accounts_departure"),
    }
    by_id = {told.id: told for told in sorted(asked, key=_age)}
    renamed: dict[str, None] = {}
    answers: list[MemberRecord | Exception] = []
    async with (await pool()).connection() as db:
        rows = await (await db.execute(_FIND.format(**tables), [list(by_id)])).fetchall()
        known = {row[1]: MemberRecord(*row) for row in rows}
        if newcomers := [told for id_, told in by_id.items() if id_ not in known]:
            rows = await (await db.execute(_ADD.format(**tables), _columns(newcomers))).fetchall()
            known |= {row[1]: MemberRecord(*row) for row in rows}
        for told in asked:
            if not told.describes(known.get(told.id)):
                # Whoever has another name now, or was made by another process in this moment.
                values = [*_columns([told]), told.name, told.avatar]
                row = await (await db.execute(_SAVE.format(**tables), values)).fetchone()
                if row is None:
                    answers.append(Departed(told.id))
                    continue
                known[told.id] = MemberRecord(*row)
                renamed[told.id] = None
            answers.append(known[told.id])
    _tell_renamed(schema, renamed)  # committed by now: whoever asks again reads the new name
    return answers


def _age(told: _Introduction) -> float:
    """For sorting: the newest word about somebody comes last."""
    return math.inf if told.issued_at is None else told.issued_at


def _columns(newcomers: Sequence[_Introduction]) -> list[list[Any]]:
    """For `unnest`: each field of all of them, and their ids as departures know them."""
    fields = [list(column) for column in zip(*newcomers, strict=True)]
    return [*fields, [departures.digest(told.id) for told in newcomers]]


def _tell_renamed(schema: str, external_ids: Iterable[str]) -> None:
    """Make every process forget the old names, this one at once."""
    for external_id in external_ids:
        forget_one(schema, external_id)
        event = {"type": "renamed", "schema": schema, "user": external_id}
        publisher().publish([(groups.CONTROL, event)])


_introductions: Together[str, _Introduction, MemberRecord] = Together(_find_or_save)
