"""Connection limits that hold over every process and node: one lease a socket in a sorted set, scored by expiry.

The process that holds the socket renews; one that crashes stops renewing, and its share is back within TTL seconds.
All times are those of Redis, so that the clocks of nodes need not agree.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from realtime import groups, store
from realtime.scripts import Script

TTL: Final = 24
RENEW_EVERY: Final = 8  # two renewals may fail
_MOST_AT_ONCE: Final = 500

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

_acquire = Script(
    _NOW
    + """
local all, mine = KEYS[1], KEYS[2]
local id, replaces, most, most_mine, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', all, '-inf', now)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', now)
if replaces ~= '' and redis.call('ZREM', mine, replaces) == 1 then redis.call('ZREM', all, replaces) end
if redis.call('ZCARD', all) >= most then return 1 end
if redis.call('ZCARD', mine) >= most_mine then return 2 end
redis.call('ZADD', all, now + ttl, id)
redis.call('ZADD', mine, now + ttl, id)
redis.call('PEXPIRE', all, ttl * 2)
redis.call('PEXPIRE', mine, ttl * 2)
return 0
"""
)

_release = Script("return redis.call('ZREM', KEYS[1], ARGV[1]) + redis.call('ZREM', KEYS[2], ARGV[1])")

_RENEW = (
    _NOW
    + """
local ttl = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ttl, ARGV[1 + math.ceil(i / 2)])
  redis.call('PEXPIRE', key, ttl * 2)
end
return 0
"""
)

_COUNT = _NOW + "return redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')"


class LeaseRefused(Exception):
    """The tenant or the user has as many connections as they may; the text says which."""


class Lease(msgspec.Struct, frozen=True):
    """One connection's share: the sorted sets of everyone's and of one's own connections that it is counted in."""

    tenant_id: int
    everyone: str
    own: str
    connection_id: str

    @classmethod
    def of_user(cls, tenant_id: int, user: str, connection_id: str) -> "Lease":
        """Counts against the plan."""
        return cls(tenant_id, groups.leases(tenant_id), groups.user_leases(tenant_id, user), connection_id)

    @classmethod
    def of_address(cls, tenant_id: int, address: str, connection_id: str) -> "Lease":
        """For a connection that needs no credentials: it counts against no plan, only against its address."""
        return cls(
            tenant_id, groups.checks(tenant_id), groups.address_checks(tenant_id, address), connection_id
        )


async def acquire(lease: Lease, *, most: int, most_own: int, replaces: str = "") -> None:
    """Take a lease, giving up the one it `replaces` where that is the same user's.

    Raises LeaseRefused, or store.AWAY's errors when Redis is away: the lease may then be held or not.
    """
    keys = [lease.everyone, lease.own]
    refused = await _acquire(lease.tenant_id, keys, lease.connection_id, replaces, most, most_own, TTL * 1000)
    if refused == 1:
        raise LeaseRefused(f"All {most} connections that may be open here are in use.")
    if refused == 2:
        raise LeaseRefused(f"You have {most_own} connections open, as many as you may.")


async def release(lease: Lease) -> None:
    """Give a lease back; harmless where it is not held."""
    await _release(lease.tenant_id, [lease.everyone, lease.own], lease.connection_id)


async def renew(tenant_id: int, held: Sequence[Lease]) -> None:
    """Renew leases of one tenant, and make anew those that a restarted Redis forgot."""
    for start in range(0, len(held), _MOST_AT_ONCE):
        some = held[start : start + _MOST_AT_ONCE]
        keys = [key for lease in some for key in (lease.everyone, lease.own)]
        ids = [lease.connection_id for lease in some]
        await store.client(tenant_id).eval(_RENEW, len(keys), *keys, TTL * 1000, *ids)


def count_sync(tenant_id: int) -> int:
    """How many connections a tenant has open now, over all processes."""
    answer: Any = store.sync_client(tenant_id).eval(_COUNT, 1, groups.leases(tenant_id))
    return int(answer)


def counts_sync(tenant_ids: Sequence[int]) -> dict[int, int]:
    """The same for many tenants, a round trip a shard. Raises store.AWAY's errors."""
    found: dict[int, int] = {}
    shards: dict[int, tuple[Any, list[int]]] = {}
    for tenant_id in tenant_ids:
        client = store.sync_client(tenant_id)
        shards.setdefault(id(client), (client, []))[1].append(tenant_id)
    for client, ids in shards.values():
        for start in range(0, len(ids), _MOST_AT_ONCE):
            some = ids[start : start + _MOST_AT_ONCE]
            with client.pipeline(transaction=False) as pipe:
                for tenant_id in some:
                    pipe.eval(_COUNT, 1, groups.leases(tenant_id))
                found |= zip(some, map(int, pipe.execute()), strict=True)
    return found
