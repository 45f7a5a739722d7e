"""How many requests a minute, and what of it an answer tells its caller."""

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from api.errors import Problem
from realtime import limits

if TYPE_CHECKING:
    from api.callers import ApiRequest

WINDOW: Final = 60


class Rate(NamedTuple):
    """The figures of the RateLimit headers; `reset` is in seconds."""

    limit: int
    remaining: int
    reset: int


def count(request: "ApiRequest", what: str, limit: int | None = None) -> None:
    """Count a request against `limit` a minute, the plan's where none is given. Raises Problem once it is passed."""
    most = request.tenant.limits.api_per_minute if limit is None else limit
    used = limits.count_sync(request.tenant.schema_name, what, WINDOW)
    request.rate = Rate(most, max(0, most - used), WINDOW - int(time.time()) % WINDOW)
    if used > most:
        raise Problem(
            429, "rate_limited", f"At most {most:,} requests a minute.", retry_after=request.rate.reset
        )
