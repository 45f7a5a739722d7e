"""Connection limits that hold over every process and node: one lease a socket in a sorted set, scored by expiry.

The process that holds the socket renews; one that crashes stops renewing, and its share is back within TTL seconds.
All times are those of Redis, so that the clocks of nodes need not agree.
"""

from collections.abc import Mapping, Sequence
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
local id, replaces, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local back = replaces ~= '' and redis.call('ZSCORE', KEYS[2], replaces)
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if back then redis.call('ZREM', key, replaces) end
end
for i, key in ipairs(KEYS) do
  if redis.call('ZCARD', key) >= tonumber(ARGV[3 + i]) then return i end
end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ttl, id)
  redis.call('PEXPIRE', key, ttl * 2)
end
return 0
"""
)

_release = Script("for i, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end return 0")

# In one step with counting: whoever asks next counts without those that were given up here. After the set that is too
# full come three of each connection, which is in all of them.
_shed = Script(
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local surplus, shed = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  if surplus <= 0 then break end
  if redis.call('ZREM', KEYS[1], ARGV[i]) == 1 then
    surplus = surplus - 1
    shed[#shed + 1] = ARGV[i]
    for at = 3 * i - 4, 3 * i - 2 do redis.call('ZREM', KEYS[at], ARGV[i]) end
  end
end
return {surplus, shed}
"""
)

_overfull = Script(
    _NOW
    + """
local found = {}
for i, key in ipairs(KEYS) do
  if redis.call('ZCOUNT', key, '(' .. now, '+inf') > tonumber(ARGV[i]) then found[#found + 1] = key end
end
return found
"""
)

_RENEW = (
    _NOW
    + """
local ttl, each = tonumber(ARGV[1]), tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ttl, ARGV[2 + math.ceil(i / each)])
  redis.call('PEXPIRE', key, ttl * 2)
end
return 0
"""
)

_COUNT = _NOW + "return redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')"


class LeaseRefused(Exception):
    """The tenant or the user has as many connections as they may; the text says which."""


class Lease(msgspec.Struct, frozen=True):
    """One connection's share: the sorted sets of everyone's and of one's own connections that it is counted in, and
    where it is a guest's the set of those from the same place."""

    tenant_id: int
    everyone: str
    own: str
    connection_id: str
    place: str | None = None

    @property
    def sets(self) -> list[str]:
        """All that it is counted in."""
        return [self.everyone, self.own] if self.place is None else [self.everyone, self.own, self.place]

    @classmethod
    def of_user(
        cls, tenant_id: int, user: str, connection_id: str, *, guest_at: str | None = None
    ) -> "Lease":
        """Counts against the plan; that of a guest against the place as well that they are at."""
        at = groups.guest_leases(tenant_id, guest_at) if guest_at else None
        own = groups.user_leases(tenant_id, user)
        return cls(tenant_id, groups.leases(tenant_id), own, connection_id, at)

    @classmethod
    def of_address(cls, tenant_id: int, address: str, connection_id: str) -> "Lease":
        """For a connection that needs no credentials: it counts against no plan, only against its address."""
        return cls(
            tenant_id, groups.checks(tenant_id), groups.address_checks(tenant_id, address), connection_id
        )


async def acquire(lease: Lease, *, most: int, most_own: int, most_there: int = 0, replaces: str = "") -> None:
    """Take a lease, giving up the one it `replaces` where that is the same user's. `most_there` guests' connections may
    come from one place.

    Raises LeaseRefused, or store.AWAY's errors when Redis is away: the lease may then be held or not.
    """
    figures = [most, most_own, most_there][: len(lease.sets)]
    refused = await _acquire(lease.tenant_id, lease.sets, lease.connection_id, replaces, TTL * 1000, *figures)
    if refused == 1:
        raise LeaseRefused(f"All {most} connections that may be open here are in use.")
    if refused == 2:
        raise LeaseRefused(f"You have {most_own} connections open, as many as you may.")
    if refused == 3:
        raise LeaseRefused(f"Guests at your address have {most_there} connections open, as many as they may.")


async def release(lease: Lease) -> None:
    """Give a lease back; harmless where it is not held."""
    await _release(lease.tenant_id, lease.sets, lease.connection_id)


async def renew(tenant_id: int, held: Sequence[Lease]) -> None:
    """Renew leases of one tenant, and make anew those that a restarted Redis forgot."""
    for alike in ([lease for lease in held if lease.place is None], [lease for lease in held if lease.place]):
        for start in range(0, len(alike), _MOST_AT_ONCE):
            some = alike[start : start + _MOST_AT_ONCE]
            keys = [key for lease in some for key in lease.sets]
            ids = [lease.connection_id for lease in some]
            each = len(some[0].sets)
            await store.client(tenant_id).eval(_RENEW, len(keys), *keys, TTL * 1000, each, *ids)


async def overfull(tenant_id: int, most: Mapping[str, int]) -> list[str]:
    """Which of a tenant's sets hold more than they may, over all processes. Raises store.AWAY's errors."""
    found: list[str] = []
    sets = list(most)
    for start in range(0, len(sets), _MOST_AT_ONCE):
        some = sets[start : start + _MOST_AT_ONCE]
        answer = await _overfull(tenant_id, some, *(most[each] for each in some))
        found += [each.decode() for each in answer]
    return found


async def shed(tenant_id: int, overfull: str, most: int, held: Sequence[Lease]) -> list[str]:
    """Give up leases that are counted in this set, in this order, until it has `most` on all processes together; the
    connections that lost theirs, which are to be closed. Raises store.AWAY's errors."""
    found: list[str] = []
    for start in range(0, len(held), _MOST_AT_ONCE):
        some = held[start : start + _MOST_AT_ONCE]
        keys = [
            overfull,
            *(key for lease in some for key in (lease.everyone, lease.own, lease.place or lease.own)),
        ]
        left, given_up = await _shed(tenant_id, keys, most, *(lease.connection_id for lease in some))
        found += [each.decode() for each in given_up]
        if left <= 0:
            break
    return found


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
