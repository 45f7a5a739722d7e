"""Opening a workspace: tenant, schema, owner, first key and the room `general`, all or nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.actions import create_api_key, create_staff, internal_key
from accounts.models import ApiKey, Member
from accounts.names import clean_name
from rooms.actions import create_room
from tenants import actions as tenants
from tenants import directory, provisioning, slugs
from tenants.context import run_in_tenant, schema_connection
from tenants.directory import TenantInfo
from tenants.entitlements import limits_for
from tenants.hosts import tenant_host
from tenants.models import Tenant
from tenants.plans import PLANS

GENERAL = "general"


@dataclass(frozen=True, slots=True)
class OpenedWorkspace:
    """A new workspace. `secret` and `signing_secret` are its first key's; they cannot be had again."""

    tenant: TenantInfo
    owner: Member
    api_key: ApiKey
    secret: str
    signing_secret: str


def open_workspace(
    *,
    slug: str,
    name: str,
    plan: str,
    owner_email: str,
    owner_password_hash: str,
    locale: str = "en",
    accent: str = "",
    keep_first_key: bool = False,
    progress: Callable[[str], None] | None = None,
) -> OpenedWorkspace:
    """Open a workspace in one transaction of the public schema: if anything fails, or the process dies, nothing stays.

    `keep_first_key` keeps the first key's secret, encrypted, until the console first shows it. Raises SlugRefused,
    ProvisioningError, or ValueError for an unknown plan or an empty name.
    """
    name = clean_name(name)
    if plan not in PLANS:
        raise ValueError(f"There is no plan {plan!r}; choose one of {', '.join(PLANS)}.")
    if not 1 <= len(name) <= 80:
        raise ValueError("An organisation's name has 1 to 80 characters.")
    report = progress or (lambda step: None)
    schema_connection().set_schema_to_public()
    slugs.check(slug)
    with transaction.atomic():
        try:
            with transaction.atomic():
                tenant = tenants.allocate(slug=slug, name=name, plan=plan, locale=locale, accent=accent)
        except IntegrityError:
            raise slugs.SlugRefused(f"“{slug}” is taken. Choose another address.") from None
        report("schema")
        provisioning.create_schema(tenant)
        report("people")
        owner, key, secret, signing = run_in_tenant(
            tenant, _furnish, tenant, owner_email, owner_password_hash, keep_first_key
        )
        schema_connection().set_schema_to_public()
        tenants.index_mail(tenant, owner_email)
        tenants.activate(tenant)
    report("ready")
    # Past the cache: another thread may have asked before the commit, and been told there is no such tenant.
    info = directory.look_up(tenant_host(slug))
    assert info is not None  # it has just been committed
    return OpenedWorkspace(info, owner, key, secret, signing)


def _furnish(
    tenant: Tenant, owner_email: str, password_hash: str, keep_first_key: bool
) -> tuple[Member, ApiKey, str, str]:
    owner = create_staff(email=owner_email, role=Member.Role.OWNER, password_hash=password_hash)
    internal_key()
    key, secret, signing = create_api_key("First key", ["admin"], keep_unseen=keep_first_key)
    create_room(GENERAL, "public", "General", limits_for(tenant.plan, tenant.own_limits))
    return owner, key, secret, signing
