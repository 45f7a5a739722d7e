"""Connection limits that hold over every process and node: one lease a socket in a sorted set, scored by expiry.

The process that holds the socket renews; one that crashes stops renewing, and its share is back within TTL seconds.
"""

import time
from collections.abc import Iterable
from typing import Final

from realtime import groups, store

TTL: Final = 30
RENEW_EVERY: Final = 10

_ACQUIRE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local tenant, user = KEYS[1], KEYS[2]
local id, replaces, most, most_user, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', tenant, '-inf', now)
redis.call('ZREMRANGEBYSCORE', user, '-inf', now)
if replaces ~= '' and redis.call('ZREM', user, replaces) == 1 then redis.call('ZREM', tenant, replaces) end
if redis.call('ZCARD', tenant) >= most then return 1 end
if redis.call('ZCARD', user) >= most_user then return 2 end
redis.call('ZADD', tenant, now + ttl, id)
redis.call('ZADD', user, now + ttl, id)
redis.call('PEXPIRE', tenant, ttl * 2)
redis.call('PEXPIRE', user, ttl * 2)
return 0
"""


class LeaseRefused(Exception):
    """The tenant or the user has as many connections as the plan allows; the text says which."""


async def acquire(
    tenant_id: int, user: str, connection_id: str, *, most: int, most_per_user: int, replaces: str = ""
) -> None:
    """Take a lease for a connection, giving up the one it `replaces` where that is the same user's.

    Raises LeaseRefused, or store.AWAY's errors when Redis is away.
    """
    keys = [groups.leases(tenant_id), groups.user_leases(tenant_id, user)]
    arguments = [connection_id, replaces, most, most_per_user, TTL * 1000]
    refused = await store.client(tenant_id).eval(_ACQUIRE, 2, *keys, *arguments)
    if refused == 1:
        raise LeaseRefused(f"This workspace has all {most} connections of its plan in use.")
    if refused == 2:
        raise LeaseRefused(
            f"You have {most_per_user} connections open, as many as this workspace's plan allows."
        )


async def release(tenant_id: int, user: str, connection_id: str) -> None:
    """Give a lease back."""
    async with store.client(tenant_id).pipeline(transaction=False) as pipe:
        pipe.zrem(groups.leases(tenant_id), connection_id)
        pipe.zrem(groups.user_leases(tenant_id, user), connection_id)
        await pipe.execute()


async def renew(tenant_id: int, held: Iterable[tuple[str, str]]) -> None:
    """Renew the leases of (user, connection) pairs, and make anew those that a restarted Redis forgot."""
    lapses = (time.time() + TTL) * 1000
    async with store.client(tenant_id).pipeline(transaction=False) as pipe:
        for user, connection_id in held:
            mine = groups.user_leases(tenant_id, user)
            pipe.zadd(groups.leases(tenant_id), {connection_id: lapses})
            pipe.zadd(mine, {connection_id: lapses})
            pipe.pexpire(mine, TTL * 2000)
        pipe.pexpire(groups.leases(tenant_id), TTL * 2000)
        await pipe.execute()


def count_sync(tenant_id: int) -> int:
    """How many connections a tenant has open now, over all processes."""
    return int(store.sync_client(tenant_id).zcount(groups.leases(tenant_id), time.time() * 1000, "+inf"))
