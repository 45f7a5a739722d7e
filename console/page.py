"""The one page of the console, put together from what its sections show."""

from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import ApiKey, PublicKey
from accounts.scopes import SCOPES, allows
from console.access import StaffRequest
from console.banners import banners
from console.forms import ADMIN, OVERLAPS, KeyForm, PublicKeyForm, RoomForm
from console.numbers import numbers
from console.rooms import open_to, shown_to
from console.testmode import FRESH, shown
from rooms.models import Room
from tenants.hosts import tenant_url
from tenants.models import Tenant
from tenants.plans import plan_of

MOST_ROOMS: Final = 100
PROOFS: Final = (
    (Tenant.GuestProof.AUTO, "While far more come in than usual"),
    (Tenant.GuestProof.ALWAYS, "Always"),
    (Tenant.GuestProof.NEVER, "Never: beyond 20 a minute from one address, guests are refused"),
)


def show(request: StaffRequest, status: int = 200, **changed: Any) -> HttpResponse:
    """Render the console; `changed` replaces parts of it, such as a form that came back with errors."""
    tenant = request.tenant
    keys = list(ApiKey.objects.filter(internal=False).order_by("created_at"))
    active = [key for key in keys if key.usable]
    seen, total = shown_to(request.user), Room.objects.count()
    context = {
        "tenant": tenant,
        "member": request.user,
        "may_change": request.user.may_administer,
        "banners": banners(tenant, request.user),
        "plan": plan_of(tenant.plan, tenant.plan_version),
        "numbers": numbers(tenant),
        "keys": active,
        "void_keys": [key for key in keys if not key.usable],
        "fresh": _fresh_secret(request, active) if request.user.may_administer else None,
        "key_form": KeyForm(),
        "public_keys": PublicKey.objects.filter(revoked_at=None).order_by("created_at"),
        "public_key_form": PublicKeyForm(),
        "overlaps": [(key, words) for key, (words, _) in OVERLAPS.items()],
        "scopes": [(scope, words) for scope, words in SCOPES.items() if scope != ADMIN],
        "origins_text": "\n".join(_origins(tenant.id)),
        "guests": _guests(tenant.id),
        "guest_proofs": PROOFS,
        "rooms": seen[:MOST_ROOMS],
        "open_rooms": set(open_to(request.user).values_list("pk", flat=True)),
        "rooms_left_out": max(0, seen.count() - MOST_ROOMS),
        "unnamed": request.user.name == (request.user.email or "").partition("@")[0],
        "silent": not Room.objects.filter(last_seq__gt=0).exists(),
        "rooms_full": tenant.limits.max_rooms is not None and total >= tenant.limits.max_rooms,
        "room_form": RoomForm(),
        "home": tenant_url(tenant.slug, ""),
        "development": settings.SNUG_ENV == "development",
        **shown(request),
        "kid": next((key.id for key in reversed(active) if _signs(key)), "key_…"),
    }
    return render(request, "console/console.html", context | changed, status=status)


def _signs(key: ApiKey) -> bool:
    """Whether user tokens may be signed with this key's signing secret."""
    return allows(frozenset(key.scopes), "tokens:mint")


def _origins(tenant_id: int) -> list[str]:
    """As they are now: `request.tenant` may be a moment old, and this page has just saved them."""
    return list(Tenant.objects.values_list("origins", flat=True).get(id=tenant_id))


def _guests(tenant_id: int) -> dict[str, Any]:
    """The same of guests."""
    allowed, proof = Tenant.objects.values_list("guests_allowed", "guest_proof").get(id=tenant_id)
    return {"allowed": allowed, "proof": proof}


def _fresh_secret(request: StaffRequest, keys: list[ApiKey]) -> dict[str, Any] | None:
    """A secret nobody has seen yet: the one just made, or for the owner the workspace's first.

    Showing it forgets it, so a browser that only looks ahead is shown nothing.
    """
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return None
    if FRESH in request.GET:  # one secret at a time
        return None
    made = request.GET.get("key")
    owner = request.user.role == request.user.Role.OWNER
    for key in keys:
        if key.unseen_secret and (key.id == made if made else owner):
            with transaction.atomic():
                secrets = key.take_unseen_secret()
            if secrets:
                signing = secrets[1] if _signs(key) else ""
                return {"key": key, "secret": secrets[0], "signing_secret": signing, "first": not made}
    return None
