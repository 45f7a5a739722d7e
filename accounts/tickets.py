"""One-use tickets: what a browser may carry in a socket's URL. Kept in Redis for TTL seconds, under a hash."""

import hashlib
import secrets
import time
from typing import Final

from realtime import groups, store

MARK: Final = "snug_tk_"
TTL: Final = 60


async def issue(tenant_id: int, sub: str) -> tuple[str, int]:
    """A ticket for `sub` and the Unix second at which it lapses."""
    ticket = MARK + secrets.token_urlsafe(32)
    await store.client(tenant_id).set(_key(tenant_id, ticket), sub, ex=TTL)
    return ticket, int(time.time()) + TTL


async def redeem(tenant_id: int, ticket: str) -> str | None:
    """The `sub` of a ticket, once; None for one that is unknown, used or lapsed."""
    if len(ticket) > 100:
        return None
    sub = await store.client(tenant_id).getdel(_key(tenant_id, ticket))
    return sub.decode() if sub is not None else None


def _key(tenant_id: int, ticket: str) -> str:
    return groups.ticket(tenant_id, hashlib.sha256(ticket.encode()).hexdigest())
