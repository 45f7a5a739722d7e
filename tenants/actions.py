"""Changes to a tenant's row in the public schema. Every one forgets what this process had cached of it."""

import hashlib
import hmac
import re
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from realtime import publish
from tenants import directory
from tenants.directory import TenantInfo
from tenants.models import MailIndex, Tenant

MOST_ORIGINS: Final = 50
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
# After a star at least two labels: nobody owns every site below com.
_ORIGIN_HOST = re.compile(rf"({_LABEL}\.)*{_LABEL}|\*(\.{_LABEL}){{2,}}|\*\.localhost|\[[0-9a-f:.]+\]")


def allocate(
    *, slug: str, name: str, plan: str, locale: str, accent: str = "", test_of: int | None = None
) -> Tenant:
    """Insert a tenant's row in state `provisioning`, its schema named after its id; or that of a test side."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('public.tenants_tenant', 'id'))")
        id_ = cursor.fetchone()[0]
    tenant = Tenant(
        id=id_,
        schema_name=f"t{id_}",
        slug=slug,
        name=name,
        plan=plan,
        locale=locale,
        accent=accent,
        test_of_id=test_of,
    )
    tenant.save(force_insert=True)
    return tenant


def activate(tenant: Tenant) -> None:
    """Let customers in."""
    _change(tenant.pk, state=Tenant.State.ACTIVE)


def test_slug(tenant_id: int) -> str:
    """What the row of a tenant's test side is called: no host has a dot there."""
    return f"{tenant_id}.test"


def retire(tenant_id: int) -> None:
    """Nobody comes to this test side any more; its open sockets close, its webhooks rest. It waits to be taken away."""
    _change(tenant_id, state=Tenant.State.DELETING, slug=f"{tenant_id}.gone", test_of=None, hooked=False)


def set_state(tenant_id: int, state: str) -> None:
    """Move a tenant to another state; open sockets and pages follow at once, or within `directory.FRESH` seconds."""
    _change(tenant_id, state=Tenant.State(state))


def set_plan(tenant_id: int, plan: str, *, version: int | None = None, extra_connections: int = 0) -> None:
    """Put a tenant on a version of a plan (None: as it is sold now); open sockets follow at once, or within
    `directory.FRESH` seconds. Its own figures stay."""
    _change(tenant_id, plan=plan, plan_version=version, extra_connections=extra_connections)


def entitle(tenant_id: int, *, plan: str, version: int | None, extra_connections: int, state: str) -> bool:
    """What a tenant may use, and whether it is open, in one write; False where that is how it stands already.

    For billing. A tenant that is half-built or on its way out is left alone.
    """
    wanted = {
        "plan": plan,
        "plan_version": version,
        "extra_connections": extra_connections,
        "state": Tenant.State(state),
    }
    open_states = (Tenant.State.ACTIVE, Tenant.State.PAST_DUE, Tenant.State.SUSPENDED)
    found = (
        Tenant.objects.select_for_update().filter(id=tenant_id, state__in=open_states).values(*wanted).first()
    )
    if found is None or found == wanted:
        return False
    _change(tenant_id, **wanted)
    return True


def set_origins(tenant_id: int, origins: list[str]) -> list[str]:
    """Replace the sites that may embed the widget; returns them normalised. Raises ValueError with a sentence."""
    clean = list(dict.fromkeys(normal_origin(origin) for origin in origins if origin.strip()))
    if len(clean) > MOST_ORIGINS:
        raise ValueError(f"At most {MOST_ORIGINS} origins; these are {len(clean)}.")
    _change(tenant_id, origins=clean)
    return clean


def set_guests(tenant_id: int, *, allowed: bool, proof: str) -> None:
    """Say whether visitors come in as guests, and when a new one has to show a proof of work."""
    _change(tenant_id, guests_allowed=allowed, guest_proof=Tenant.GuestProof(proof))


def normal_origin(text: str) -> str:
    """One origin as browsers send it: scheme, host, port where not the default. Raises ValueError with a sentence."""
    advice = f"“{text.strip()[:80]}” is not an origin. Write it like https://shop.example.com."
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
    except ValueError:
        raise ValueError(advice) from None
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    if parts.scheme not in ("http", "https") or not _ORIGIN_HOST.fullmatch(host) or len(text) > 200:
        raise ValueError(advice)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{advice} Leave the path away.")
    default = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if default else f"{parts.scheme}://{host}:{port}"


def hold(schema: str) -> None:
    """Lock the tenant's row for the rest of this transaction: changes that count something come one at a time."""
    Tenant.objects.select_for_update().filter(schema_name=schema).values("id").first()


def set_hooked(schema: str, hooked: bool) -> None:
    """Say whether any webhook is switched on; the message writers of all processes know at once, or within
    `directory.FRESH` seconds."""
    for tenant_id in (
        Tenant.objects.filter(schema_name=schema).exclude(hooked=hooked).values_list("id", flat=True)
    ):
        _change(tenant_id, hooked=hooked)


def index_mail(tenant: Tenant | TenantInfo, email: str) -> None:
    """Let "find my workspaces" find this tenant by `email`."""
    MailIndex.objects.get_or_create(mail_hash=_mail_hash(email), tenant_id=tenant.id)


def unindex_mail(tenant: TenantInfo, email: str) -> None:
    """The same undone: whoever has left is told of the tenant no more."""
    MailIndex.objects.filter(mail_hash=_mail_hash(email), tenant_id=tenant.id).delete()


def workspaces_of(email: str) -> list[TenantInfo]:
    """The open workspaces in which `email` is staff, by name."""
    ids = MailIndex.objects.filter(mail_hash=_mail_hash(email)).values_list("tenant_id", flat=True)
    slugs = Tenant.objects.filter(id__in=list(ids)).order_by("name").values_list("slug", flat=True)
    found = (directory.find(f"{slug}.{settings.SNUG_BASE_DOMAIN}") for slug in slugs)
    return [tenant for tenant in found if tenant and tenant.state not in ("provisioning", "deleting")]


def _change(tenant_id: int, **fields: Any) -> None:
    Tenant.objects.filter(id=tenant_id).update(**fields)
    directory.forget()
    for schema in Tenant.objects.filter(id=tenant_id).values_list("schema_name", flat=True):
        publish.tell_all(type="changed", schema=schema)


def _mail_hash(email: str) -> bytes:
    # Keyed, so that a stolen table cannot be searched for known addresses.
    return hmac.new(settings.SECRET_KEY.encode(), email.strip().lower().encode(), hashlib.sha256).digest()
