"""Tokens dated ahead of our clock, as those of a tenant whose clock is fast: how far each user's reached, kept in Redis
until that moment has come. A revocation reaches as far, and so takes in a token that it would otherwise precede."""

import contextlib
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from accounts.tokens import LEEWAY
from realtime import groups, store

# Our own processes' clocks may differ a little, too.
_KEPT: Final = 2 * LEEWAY


async def note(schema: str, external_id: str, issued_at: float) -> None:
    """A token of this user, issued at `issued_at` in Unix seconds, is let in. Costs nothing where that has passed."""
    if issued_at <= time.time():
        return
    key = groups.ahead(schema, external_id)
    # Without Redis there are no sockets, and what can be asked meanwhile is refused from `issued_at` on as ever.
    with contextlib.suppress(*store.AWAY):
        async with store.client(key).pipeline(transaction=False) as pipe:
            pipe.zadd(key, {"iat": issued_at}, gt=True)
            pipe.expire(key, _KEPT)
            await pipe.execute()


def reach(schema: str, external_id: str, now: datetime) -> datetime:
    """Up to when tokens must be void for all that this user has shown by `now` to be: `now`, or somewhat later."""
    key = groups.ahead(schema, external_id)
    score = None
    with contextlib.suppress(*store.AWAY):
        score = store.sync_client(key).zscore(key, "iat")
    if not isinstance(score, int | float) or score <= now.timestamp():
        return now
    # Rounded up to what a column of the database holds.
    return datetime.fromtimestamp(math.floor(score * 1e6) / 1e6, UTC) + timedelta(microseconds=2)
