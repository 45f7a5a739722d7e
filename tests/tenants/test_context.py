"""The one door into a tenant's schema."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import Member
from rooms.models import Room
from tenants.context import in_public, in_tenant, run_in_tenant, schema_connection
from tenants.directory import TenantInfo
from tenants.models import Tenant
from tests.personas import Workspace


@pytest.fixture
def here(workspace: Workspace) -> TenantInfo:
    """Alice's tenant."""
    return found(workspace)


@pytest.fixture
def there(elsewhere: Workspace) -> TenantInfo:
    """Mallory's tenant."""
    return found(elsewhere)


def found(workspace: Workspace) -> TenantInfo:
    info: TenantInfo = workspace.tenant
    return info


def owner(tenant: TenantInfo) -> str:
    return f"alice@{tenant.slug}.example"


def owners() -> list[str | None]:
    return list(Member.objects.filter(role=Member.Role.OWNER).values_list("email", flat=True))


async def test_hundreds_of_interleaved_reads_over_two_tenants_find_their_own_rows_only(
    here: TenantInfo, there: TenantInfo
) -> None:
    asked = [here, there] * 200
    random.shuffle(asked)
    read = await asyncio.gather(*(in_tenant(tenant, owners) for tenant in asked))
    assert read == [[owner(tenant)] for tenant in asked]


async def test_reads_of_the_public_schema_in_between_do_not_disturb(
    here: TenantInfo, there: TenantInfo
) -> None:
    def slug_of(id_: int) -> str:
        return str(Tenant.objects.get(id=id_).slug)

    tenants = [here, there] * 40
    private, public = await asyncio.gather(
        asyncio.gather(*(in_tenant(tenant, owners) for tenant in tenants)),
        asyncio.gather(*(in_public(slug_of, tenant.id) for tenant in tenants)),
    )
    assert private == [[owner(tenant)] for tenant in tenants]
    assert public == [tenant.slug for tenant in tenants]


async def test_writes_under_concurrency_land_in_their_own_tenant(here: TenantInfo, there: TenantInfo) -> None:
    def make(name: str) -> None:
        Room.objects.create(name=name)

    def names() -> set[str]:
        return set(Room.objects.values_list("name", flat=True))

    tenants = [here, there]
    await asyncio.gather(
        *(in_tenant(tenant, make, f"{tenant.slug}-{n}") for n in range(30) for tenant in tenants)
    )
    for tenant in tenants:
        assert await in_tenant(tenant, names) == {"general"} | {f"{tenant.slug}-{n}" for n in range(30)}


@pytest.mark.parametrize(
    "lazy",
    [
        Member.objects.all,
        lambda: Member.objects.values_list("id"),
        lambda: Member.objects,
        lambda: iter(Member.objects.all()),
        lambda: (member.email for member in Member.objects.all()),
        lambda: map(str, Member.objects.all()),
        lambda: asyncio.sleep(0),
    ],
    ids=["queryset", "values", "manager", "iterator", "generator", "map", "coroutine"],
)
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_what_would_be_read_outside_is_refused(here: TenantInfo, lazy: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="would be read outside its tenant"):
        run_in_tenant(here, lazy)


def test_nothing_leaks_after_an_exception(here: TenantInfo, there: TenantInfo) -> None:
    def fail() -> None:
        assert owners() == [owner(here)]
        raise LookupError

    with pytest.raises(LookupError):
        run_in_tenant(here, fail)
    assert schema_connection().schema_name == "public"
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("public",)
    assert run_in_tenant(there, owners) == [owner(there)]


async def test_nothing_leaks_from_a_thread_that_failed(here: TenantInfo, there: TenantInfo) -> None:
    def fail() -> None:
        owners()
        raise LookupError

    def tables_in_reach() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('accounts_member')::text")
            return [name for (name,) in cursor.fetchall() if name]

    failures = await asyncio.gather(*(in_tenant(here, fail) for _ in range(24)), return_exceptions=True)
    assert all(isinstance(failure, LookupError) for failure in failures)
    assert await asyncio.gather(*(in_public(tables_in_reach) for _ in range(24))) == [[]] * 24
    assert await in_tenant(there, owners) == [owner(there)]


def test_a_door_within_a_door_leads_back_to_the_first(here: TenantInfo, there: TenantInfo) -> None:
    def outer() -> list[list[str | None]]:
        return [owners(), run_in_tenant(there, owners), owners()]

    assert run_in_tenant(here, outer) == [
        [owner(here)],
        [owner(there)],
        [owner(here)],
    ]
    assert schema_connection().schema_name == "public"


def test_a_lost_tenant_fails_closed() -> None:
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError, match="accounts_member"):
        owners()
