"""The same text, over and over, by one person: counted over all rooms and processes."""

import hashlib
import logging
from typing import Final

from moderation.review.folding import fold
from realtime import groups, store
from realtime.scripts import Script
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.moderation")

# A window begins with the first of them; none begins anew because somebody goes on.
_COUNT: Final = Script(
    "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n"
)


_UNCOUNT: Final = Script("return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECR', KEYS[1])")


async def too_many(tenant: TenantInfo, user: str, text: str, most: int, seconds: int) -> bool:
    """Count that this user says it, and say whether that was once too often. With Redis away it never is."""
    try:
        return int(await _COUNT(tenant.id, [_key(tenant, user, text)], seconds)) > most
    except store.AWAY as error:
        logger.warning("repeats not counted: %s", type(error).__name__)
        return False


async def take_back(tenant: TenantInfo, user: str, text: str) -> None:
    """It was not said after all."""
    try:
        await _UNCOUNT(tenant.id, [_key(tenant, user, text)])
    except store.AWAY as error:  # the window ends by itself
        logger.warning("a repeat not taken back: %s", type(error).__name__)


def _key(tenant: TenantInfo, user: str, text: str) -> str:
    said = " ".join(fold(text).text.split()).encode()
    return groups.said(tenant.id, user, hashlib.blake2b(said, digest_size=12).hexdigest())
