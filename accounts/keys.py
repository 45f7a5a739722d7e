"""Finding API keys: by id for user tokens, by prefix for the API. A small cache spares the warm path a query."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from psycopg import sql

from accounts import public_keys
from realtime.loop_local import LoopLocal
from tenants import encryption, sides
from tenants.cache import Cache
from tenants.context import HasSchema
from tenants.database import pool
from tenants.single_flight import SingleFlight

FRESH: Final = 5.0
MOST: Final = 20_000
MARK: Final = "snug_sk_"
# Of a test key's secret, its mark more.
PREFIX_LENGTH: Final = len(MARK) + 10

_COLUMNS = sql.SQL(
    "SELECT k.id, k.internal, k.secret_hash, k.signing_secret, k.scopes, k.expires_at, k.revoked_at, k.bot_id, "
    "b.external_id, b.name FROM {keys} k LEFT JOIN {members} b ON b.id = k.bot_id WHERE k.{column} = %(value)s"
)
_UNUSABLE = sql.SQL(
    "SELECT asked.id FROM unnest(%s::text[]) AS asked(id) WHERE NOT EXISTS (SELECT FROM {keys} k "
    "WHERE k.id = asked.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())) "
    "AND NOT EXISTS (SELECT FROM {public_keys} p WHERE p.id = asked.id AND p.revoked_at IS NULL)"
)
_PUBLIC = sql.SQL(
    "SELECT id, algorithm, pem FROM {public_keys} WHERE (id = %(value)s OR kid = %(value)s) AND revoked_at IS NULL"
)
_PUBLIC_KEY: Final = "public key"


class PublicKeyRecord(msgspec.Struct, frozen=True):
    """A public key as authentication needs it. Hold it no longer than one request: keys are revoked."""

    id: str
    algorithm: str
    key: Any  # parsed, as `cryptography` has it


class KeyRecord(msgspec.Struct, frozen=True):
    """An API key as authentication needs it. Hold it no longer than one request: keys are revoked."""

    id: str
    internal: bool
    secret_hash: bytes
    signing_secret: str
    scopes: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    bot_id: int | None
    bot_external_id: str | None
    bot_name: str | None

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > datetime.now(UTC))


Found = TypeVar("Found")
# A schema, what is looked for (a column, or a public key), and its value.
Key = tuple[str, str, str]

# Ids in forged tokens are anyone's to choose.
_cache: Cache[Key, Any] = Cache(MOST)
_asking: LoopLocal[SingleFlight[Any]] = LoopLocal(SingleFlight)


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret. Plain SHA-256 is enough: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def prefix_of(secret: str) -> str | None:
    """The indexed beginning of an API key's secret, or None where it is no such secret."""
    if not secret.startswith(MARK) or not secret.isascii() or not 40 <= len(secret) <= 100:
        return None
    return secret[: PREFIX_LENGTH + (len(sides.TEST) if sides.is_test(secret) else 0)]


async def find(tenant: HasSchema, column: str, value: str) -> KeyRecord | None:
    """The tenant's key whose `column` ("id" or "prefix") is `value`, or None; one query when the cache is cold."""
    return await _found((tenant.schema_name, column, value), _query, _record)


async def find_public(tenant: HasSchema, kid: str) -> PublicKeyRecord | None:
    """The tenant's public key that is not revoked and has this id, or came with this `kid`; or None."""
    return await _found((tenant.schema_name, _PUBLIC_KEY, kid), _public_query, _public_record)


async def _found(
    key: Key, query: Callable[[Key], sql.Composed], read: Callable[[tuple[Any, ...]], Found]
) -> Found | None:
    """From the cache, or from the database: once for all who ask at the same moment."""
    answer: Found | None
    if (known := _cache.get(key)) is not None:
        answer = known.answer
        return answer
    asked_in = _cache.generation

    async def look_up() -> Found | None:
        async with (await pool()).connection() as db:
            row = await (await db.execute(query(key), {"value": key[2]})).fetchone()
        found = read(row) if row else None
        _cache.keep(key, found, FRESH, asked_in)
        return found

    answer = await _asking.get().ask((key, asked_in), look_up)
    return answer


async def unusable(tenant: HasSchema, ids: Iterable[str]) -> set[str]:
    """Those of the keys that vouch for nobody any more: revoked, expired or gone. Straight from the database."""
    query = _UNUSABLE.format(
        keys=sql.Identifier(tenant.schema_name, "accounts_apikey"),
        public_keys=sql.Identifier(tenant.schema_name, "accounts_publickey"),
    )
    async with (await pool()).connection() as db:
        return {row[0] for row in await (await db.execute(query, [list(ids)])).fetchall()}


def forget(schema: str) -> None:
    """Drop what is cached of one tenant's keys."""
    _cache.forget(lambda key: key[0] == schema)


def _query(key: Key) -> sql.Composed:
    schema, column, _ = key
    return _COLUMNS.format(
        keys=sql.Identifier(schema, "accounts_apikey"),
        members=sql.Identifier(schema, "accounts_member"),
        column=sql.Identifier(column),
    )


def _public_query(key: Key) -> sql.Composed:
    return _PUBLIC.format(public_keys=sql.Identifier(key[0], "accounts_publickey"))


def _public_record(row: tuple[Any, ...]) -> PublicKeyRecord:
    id_, algorithm, pem = row
    return PublicKeyRecord(id_, algorithm, public_keys.parsed(pem))


def _record(row: tuple[Any, ...]) -> KeyRecord:
    id_, internal, secret_hash, signing, scopes, expires, revoked, bot_id, bot_external_id, bot_name = row
    return KeyRecord(
        id=id_,
        internal=internal,
        secret_hash=bytes(secret_hash),
        signing_secret=encryption.decrypt(signing),
        scopes=frozenset(scopes),
        expires_at=expires,
        revoked_at=revoked,
        bot_id=bot_id,
        bot_external_id=bot_external_id,
        bot_name=bot_name,
    )
