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
from tenants import sides
from tenants.cache import Cache
from tenants.database import pool
from tenants.entitlements import Limits, limits_for
from tenants.hosts import bare_host, slug_of, tenant_host
from tenants.plans import TEST_CONNECTIONS
from tenants.single_flight import SingleFlight

FRESH: Final = 2.0
# An address that is nobody's may be somebody's in a moment: it is being signed up for.
FRESH_MISS: Final = 0.3
MOST: Final = 20_000

# A live tenant, and what its test side has of its own where there is one.
_LIVE = (
    "SELECT l.id, l.slug, l.name, l.schema_name, l.state, l.plan, l.plan_version, l.extra_connections, l.own_limits, "
    "l.locale, l.accent, l.guests_allowed, l.guest_proof, l.origins, l.hooked, s.id, s.schema_name, s.hooked "
    "FROM public.tenants_tenant l LEFT JOIN public.tenants_tenant s ON s.test_of_id = l.id "
    "WHERE l.test_of_id IS NULL AND "
)
_BY_SLUG = _LIVE + "l.slug = %s"
_BY_DOMAIN = (
    _LIVE
    + "l.id = (SELECT tenant_id FROM public.tenants_domain WHERE domain = %s AND verified_at IS NOT NULL)"
)
_BY_IDS = (
    _LIVE + "l.id IN (SELECT coalesce(t.test_of_id, t.id) FROM public.tenants_tenant t WHERE t.id = ANY(%s))"
)

_IS_CURRENT = "SELECT FROM public.tenants_tenant WHERE id = %s AND test_of_id IS NOT NULL FOR NO KEY UPDATE"


class TestSide(msgspec.Struct, frozen=True):
    """What a tenant's test side has of its own; all else is the live tenant's."""

    id: int
    schema_name: str
    hooked: bool


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
    # When a new guest has to show a proof of work: Tenant.GuestProof.
    guest_proof: str = "auto"
    # Of a live tenant: its test side, where there is one.
    test: TestSide | None = None
    # Of a test side: the id of the live tenant.
    test_of: int | None = None

    @property
    def host(self) -> str:
        return tenant_host(self.slug)

    @property
    def is_test(self) -> bool:
        """Whether this is the test side of a tenant."""
        return self.test_of is not None

    @property
    def test_side(self) -> "TenantInfo | None":
        """The test side as a tenant: in a schema of its own, with the plan, state, origins and host of the live one."""
        if self.test is None:
            return None
        connections = min(self.limits.max_connections, TEST_CONNECTIONS)
        return msgspec.structs.replace(
            self,
            id=self.test.id,
            schema_name=self.test.schema_name,
            hooked=self.test.hooked,
            limits=msgspec.structs.replace(self.limits, max_connections=connections),
            test=None,
            test_of=self.id,
        )

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


def side_of(tenant: TenantInfo, credential: str) -> TenantInfo:
    """The side of a live tenant that a credential is of. Where there is no test side the live one, which refuses it.

    A test side is looked up past the cache: whoever has reset it must not find the one before, on any process. For sync
    code.
    """
    if not sides.is_test(credential):
        return tenant
    return _test_side_of(look_up(tenant.host)) or tenant


async def aside_of(tenant: TenantInfo, credential: str) -> TenantInfo:
    """`side_of` for the event loop."""
    if not sides.is_test(credential):
        return tenant
    return _test_side_of(await _alook_up(tenant.host)) or tenant


def is_current(tenant: TenantInfo) -> bool:
    """Whether this test side has not been reset by now. Waits for a reset that is under way. For sync code."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_CURRENT, [tenant.id])
        return cursor.fetchone() is not None


def _test_side_of(live: TenantInfo | None) -> TenantInfo | None:
    return live.test_side if live is not None else None


async def afetch(ids: list[int]) -> dict[int, TenantInfo]:
    """Those of the tenants and test sides that exist, straight from the database, by id."""
    async with (await pool()).connection() as db:
        found = [_info(row) for row in await (await db.execute(_BY_IDS, [ids])).fetchall()]
    trials = [info.test_side for info in found]
    by_id = {info.id: info for info in (*found, *trials) if info is not None}
    return {id_: by_id[id_] for id_ in ids if id_ in by_id}


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
    *of_live, test_id, test_schema, test_hooked = row
    id_, slug, name, schema, state, plan, version, extra, own, locale, accent, *rules = of_live
    guests, proof, origins, hooked = rules
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
        guest_proof=proof,
        test=None if test_id is None else TestSide(test_id, test_schema, test_hooked),
    )
