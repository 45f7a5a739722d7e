"""How often a password may be tried: by address and person, by address, and by person from everywhere."""

import hashlib

from django.http import HttpRequest

from realtime.limits import forgive_sync, hit_sync
from tenants.addresses import client_address
from tenants.directory import TenantInfo

MINUTES = 60


def may_try(request: HttpRequest, tenant: TenantInfo, email: str) -> bool:
    """Count one try at signing in; False once it is one too many."""
    counts = _counts(request, email)
    hits = [hit_sync(tenant.schema_name, key, limit, seconds) for key, limit, seconds in counts]
    return all(hits)


def forgive_try(request: HttpRequest, tenant: TenantInfo, email: str) -> None:
    """The try was the rightful person's: it does not count."""
    for key, _, seconds in _counts(request, email):
        forgive_sync(tenant.schema_name, key, seconds)


def _counts(request: HttpRequest, email: str) -> list[tuple[str, int, int]]:
    """What one try counts against: key, limit, seconds.

    The widest count is generous, so that a stranger's guesses do not soon lock the rightful person out.
    """
    address = client_address(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
    person = hashlib.sha256(email.strip().lower().encode(errors="replace")).hexdigest()[:32]
    return [
        (f"login:{address}:{person}", 20, 10 * MINUTES),
        (f"login:{address}", 100, 10 * MINUTES),
        (f"login:{person}", 500, 60 * MINUTES),
    ]
