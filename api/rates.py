"""How many requests a minute, and what of it an answer tells its caller."""

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from api.errors import Problem
from realtime import limits
from rooms.actions.pace import places_of
from tenants import guest_limits
from tenants.addresses import address_of

if TYPE_CHECKING:
    from accounts.identity import Identity
    from api.callers import ApiRequest

WINDOW: Final = 60
HOUR: Final = 3600


class Rate(NamedTuple):
    """The figures of the RateLimit headers; `reset` is in seconds."""

    limit: int
    remaining: int
    reset: int

    def of(self, limit: int, used: int) -> "Rate":
        """The same window with another limit."""
        return Rate(limit, max(0, limit - used), self.reset)


def count(request: "ApiRequest", what: str, limit: int | None = None) -> int:
    """Count a request against `limit` a minute, the plan's where none is given, and say how many there were. Raises
    Problem once it is passed."""
    most = request.tenant.limits.api_per_minute if limit is None else limit
    used = limits.count_sync(request.tenant.schema_name, what, WINDOW)
    request.rate = Rate(most, max(0, most - used), WINDOW - int(time.time()) % WINDOW)
    if used > most:
        raise Problem(
            429, "rate_limited", f"At most {most:,} requests a minute.", retry_after=request.rate.reset
        )
    return used


def count_user(request: "ApiRequest", who: "Identity") -> None:
    """Count a request with a user's token. Each has a count of their own: whoever can get a guest's token must not use
    up the tenant's; and the guests of one address have another together. Raises Problem."""
    count(request, f"api:{who.external_id}")
    most = guest_limits.requests_per_minute(request.tenant.limits)
    _count_guest(request, who, "api", most, WINDOW, "Guests at your address ask too often.")


def count_upload(request: "ApiRequest", size: int) -> None:
    """Count a guest's file of `size` bytes; nobody else's. Raises Problem."""
    who, most = request.auth, guest_limits.bytes_an_hour(request.tenant.limits)
    said = "Guests at your address have sent as many files as they may in an hour."
    _count_guest(request, who, "files", guest_limits.FILES_AN_HOUR, HOUR, said)
    _count_guest(request, who, "bytes", most, HOUR, said, size)


def _count_guest(
    request: "ApiRequest", who: "Identity", what: str, most: int, seconds: int, said: str, amount: int = 1
) -> None:
    for place in places_of(request.tenant, who, address_of(request)):
        used = limits.add_sync(amount, request.tenant.schema_name, f"guests-{what}:{place}", seconds)
        if used > most:
            wait = seconds - int(time.time()) % seconds
            raise Problem(429, "rate_limited", said, retry_after=wait)
