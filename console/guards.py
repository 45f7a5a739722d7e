"""How often a password may be tried, a new one asked for, and somebody invited: by address, by person, by both."""

import hashlib

from django.http import HttpRequest

from realtime.limits import forgive_sync, hit_sync
from tenants.addresses import address_of
from tenants.directory import TenantInfo

MINUTES = 60
HOUR = 60 * MINUTES
DAY = 24 * HOUR


def may_try(request: HttpRequest, tenant: TenantInfo, email: str) -> bool:
    """Count one try at signing in; False once it is one too many."""
    counts = _counts(request, email)
    hits = [hit_sync(tenant.schema_name, key, limit, seconds) for key, limit, seconds in counts]
    return all(hits)


def forgive_try(request: HttpRequest, tenant: TenantInfo, email: str) -> None:
    """The try was the rightful person's: it does not count."""
    for key, _, seconds in _counts(request, email):
        forgive_sync(tenant.schema_name, key, seconds)


def may_ask(request: HttpRequest, tenant: TenantInfo) -> bool:
    """Whether this address may ask for a new password again: 30 an hour."""
    return hit_sync(tenant.schema_name, f"forgot:{address_of(request)}", 30, HOUR)


def may_mail(tenant: TenantInfo, email: str) -> bool:
    """Whether another link may go to this person: 5 an hour, so that nobody's mailbox is flooded."""
    return hit_sync(tenant.schema_name, f"forgot:{_person(email)}", 5, HOUR)


def may_invite(tenant: TenantInfo, email: str) -> bool:
    """Count one invitation to this person; False once it is one too many for them or for the workspace."""
    hits = [hit_sync(tenant.schema_name, key, limit, DAY) for key, limit in _invitations(email)]
    return all(hits)


def forgive_invitation(tenant: TenantInfo, email: str) -> None:
    """No mail has left: it does not count."""
    for key, _ in _invitations(email):
        forgive_sync(tenant.schema_name, key, DAY)


def _invitations(email: str) -> list[tuple[str, int]]:
    return [("invite", 50), (f"invite:{_person(email)}", 5)]


def _counts(request: HttpRequest, email: str) -> list[tuple[str, int, int]]:
    """What one try counts against: key, limit, seconds.

    The widest count is generous, so that a stranger's guesses do not soon lock the rightful person out.
    """
    address, person = address_of(request), _person(email)
    return [
        (f"login:{address}:{person}", 20, 10 * MINUTES),
        (f"login:{address}", 100, 10 * MINUTES),
        (f"login:{person}", 500, 60 * MINUTES),
    ]


def _person(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode(errors="replace")).hexdigest()[:32]
