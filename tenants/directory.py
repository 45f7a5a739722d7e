"""Who is at a host: a small cache of what the middleware and the sockets need to know of a tenant.

Entries live for `FRESH` seconds, so a change of plan or state reaches every process within that time even when the
announcement on Redis is lost.
"""

import re
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import connection

from realtime.loop_local import LoopLocal
from tenants.cache import Cache
from tenants.database import pool
from tenants.entitlements import Limits, limits_for
from tenants.hosts import bare_host, slug_of, tenant_host
from tenants.single_flight import SingleFlight

FRESH: Final = 2.0
# An address that is nobody's may be somebody's in a moment: it is being signed up for.
FRESH_MISS: Final = 0.3
MOST: Final = 20_000

_COLUMNS = (
    "id, slug, name, schema_name, state, plan, plan_version, extra_connections, own_limits, locale, accent, "
    "guests_allowed, origins, hooked"
)
_BY_SLUG = f"SELECT {_COLUMNS} FROM public.tenants_tenant WHERE slug = %s"
_BY_DOMAIN = (
    f"SELECT {_COLUMNS} FROM public.tenants_tenant WHERE id = "
    "(SELECT tenant_id FROM public.tenants_domain WHERE domain = %s AND verified_at IS NOT NULL)"
)
_BY_IDS = f"SELECT {_COLUMNS} FROM public.tenants_tenant WHERE id = ANY(%s)"


class TenantInfo(msgspec.Struct, frozen=True):
    """What any request or socket may know of its tenant, as of at most `FRESH` seconds ago."""

    id: int
    slug: str
    name: str
    schema_name: str
    state: str
    plan: str
    limits: Limits
    locale: str
    accent: str
    guests_allowed: bool
    origins: tuple[str, ...]
    # None: the plan as it is sold now.
    plan_version: int | None = None
    # Whether a webhook of theirs is switched on.
    hooked: bool = False

    @property
    def host(self) -> str:
        return tenant_host(self.slug)

    @property
    def open(self) -> bool:
        """Whether customers may come in: neither half-built, nor suspended, nor on its way out."""
        return self.state in ("active", "past_due")


_SHAPE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_cache: Cache[str, TenantInfo | None] = Cache(MOST)
_asking: LoopLocal[SingleFlight[TenantInfo | None]] = LoopLocal(SingleFlight)


def is_portal(host: str) -> bool:
    """Whether a Host header names the portal."""
    return bare_host(host) == settings.SNUG_BASE_DOMAIN


def find(host: str) -> TenantInfo | None:
    """The tenant at a Host header, or None. For sync code; one query when the cache is cold."""
    name = bare_host(host)
    if not _SHAPE.fullmatch(name):
        return None
    known = _cache.get(name)
    return known.answer if known is not None else look_up(name)


def look_up(host: str) -> TenantInfo | None:
    """The tenant at a host as the database has it now, past the cache, which then knows it too."""
    name = bare_host(host)
    query, key = _question(name)
    asked_in = _cache.generation
    with connection.cursor() as cursor:
        cursor.execute(query, [key])
        return _remember(name, cursor.fetchone(), asked_in)


async def afind(host: str) -> TenantInfo | None:
    """`find` for the event loop."""
    name = bare_host(host)
    if not _SHAPE.fullmatch(name):
        return None
    if (known := _cache.get(name)) is not None:
        return known.answer
    return await _asking.get().ask((name, _cache.generation), lambda: _alook_up(name))


async def _alook_up(name: str) -> TenantInfo | None:
    query, key = _question(name)
    asked_in = _cache.generation
    async with (await pool()).connection() as db:
        cursor = await db.execute(query, [key])
        return _remember(name, await cursor.fetchone(), asked_in)


async def afetch(ids: list[int]) -> dict[int, TenantInfo]:
    """Those of the tenants that exist, straight from the database, by id."""
    async with (await pool()).connection() as db:
        cursor = await db.execute(_BY_IDS, [ids])
        return {row[0]: _info(row) for row in await cursor.fetchall()}


def forget() -> None:
    """Drop every entry: this process has just changed a tenant."""
    _cache.forget()


def _question(name: str) -> tuple[str, str]:
    slug = slug_of(name)
    return (_BY_SLUG, slug) if slug is not None else (_BY_DOMAIN, name)


def _remember(name: str, row: tuple[Any, ...] | None, asked_in: int) -> TenantInfo | None:
    found = _info(row) if row else None
    return _cache.keep(name, found, FRESH if found else FRESH_MISS, asked_in)


def _info(row: tuple[Any, ...]) -> TenantInfo:
    id_, slug, name, schema, state, plan, version, extra, own, locale, accent, guests, origins, hooked = row
    own = msgspec.json.decode(own) if isinstance(own, str | bytes) else own
    return TenantInfo(
        id=id_,
        slug=slug,
        name=name,
        schema_name=schema,
        state=state,
        plan=plan,
        limits=limits_for(plan, own, version, extra),
        locale=locale,
        accent=accent,
        guests_allowed=guests,
        origins=tuple(origins),
        plan_version=version,
        hooked=hooked,
    )
