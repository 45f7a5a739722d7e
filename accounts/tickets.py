"""One-use tickets: what a browser may carry in a socket's URL. Kept in Redis for TTL seconds, under a hash."""

import hashlib
import time
from typing import Final

import msgspec

from realtime import groups, store
from tenants import sides

MARK: Final = "snug_tk_"
TTL: Final = 60


class Grant(msgspec.Struct, frozen=True):
    """What a ticket stands for: a user, the API key that vouched for them, and when (Unix seconds)."""

    sub: str
    key_id: str
    issued_at: float


async def issue(tenant_id: int, sub: str, key_id: str) -> tuple[str, int]:
    """A ticket for `sub`, of the side that the key is of, and the Unix second at which it lapses."""
    ticket, now = sides.new_secret(MARK, test=sides.is_test_key(key_id)), time.time()
    grant = msgspec.json.encode(Grant(sub, key_id, now))
    await store.client(tenant_id).set(_key(tenant_id, ticket), grant, ex=TTL)
    return ticket, int(now) + TTL


async def redeem(tenant_id: int, ticket: str) -> Grant | None:
    """What a ticket grants, once; None for one that is unknown, used or lapsed."""
    if len(ticket) > 100 or not ticket.isascii():
        return None
    grant = await store.client(tenant_id).getdel(_key(tenant_id, ticket))
    return msgspec.json.decode(grant, type=Grant) if grant is not None else None


def _key(tenant_id: int, ticket: str) -> str:
    return groups.ticket(tenant_id, hashlib.sha256(ticket.encode()).hexdigest())
