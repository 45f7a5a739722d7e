"""Who is in a room: people, not tabs.

`people` holds everyone present, scored by when their presence lapses; beside it one small set a person names the
processes that hold their sockets. Whoever leaves lingers for GRACE seconds, so that a reconnect is silent.
"""

from collections.abc import Sequence
from typing import Final

from realtime import groups, store

TTL: Final = 30
GRACE: Final = 5
MOST_LISTED: Final = 100

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local people, names = KEYS[1], KEYS[2]
"""

_ENTER = (
    _NOW
    + """
local at, user, username, process, ttl = KEYS[3], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local new = 0
if user ~= '' then
  local was = redis.call('ZSCORE', people, user)
  if not was or tonumber(was) <= now then new = 1 end
  redis.call('ZADD', people, now + ttl, user)
  redis.call('HSET', names, user, username)
  redis.call('ZADD', at, now + ttl, process)
  for _, key in ipairs({people, names, at}) do redis.call('PEXPIRE', key, ttl * 4) end
end
local listed = redis.call('ZRANGEBYSCORE', people, '(' .. now, '+inf', 'LIMIT', 0, tonumber(ARGV[5]))
local shown = {}
if #listed > 0 then shown = redis.call('HMGET', names, unpack(listed)) end
return {new, redis.call('ZCOUNT', people, '(' .. now, '+inf'), listed, shown}
"""
)

_LEAVE = (
    _NOW
    + """
local at, user, process, grace = KEYS[3], ARGV[1], ARGV[2], tonumber(ARGV[3])
redis.call('ZREM', at, process)
redis.call('ZREMRANGEBYSCORE', at, '-inf', now)
if redis.call('ZCARD', at) == 0 and redis.call('ZSCORE', people, user) then
  redis.call('ZADD', people, now + grace, user)
end
return 0
"""
)

_RENEW = (
    _NOW
    + """
local process, ttl = ARGV[1], tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local user, at = ARGV[i], KEYS[3 + (i - 3) / 2]
  redis.call('ZADD', people, now + ttl, user)
  redis.call('HSET', names, user, ARGV[i + 1])
  redis.call('ZADD', at, now + ttl, process)
  redis.call('PEXPIRE', at, ttl * 4)
end
redis.call('PEXPIRE', people, ttl * 4)
redis.call('PEXPIRE', names, ttl * 4)
local gone = redis.call('ZRANGEBYSCORE', people, '-inf', now, 'LIMIT', 0, 500)
local left = {}
for _, user in ipairs(gone) do
  table.insert(left, user)
  table.insert(left, redis.call('HGET', names, user) or user)
  redis.call('ZREM', people, user)
  redis.call('HDEL', names, user)
end
return left
"""
)


async def enter(
    tenant_id: int, room_id: int, user: str, username: str, process: str
) -> tuple[bool, int, list[tuple[str, str]]]:
    """Note a person's arrival: (are they new here, how many are here, the first MOST_LISTED as (id, name)).

    An empty `user` only looks: bots are not people.
    """
    keys = [*_room_keys(tenant_id, room_id), groups.holders(tenant_id, room_id, user)]
    answer = await store.client(tenant_id).eval(
        _ENTER, 3, *keys, user, username, process, TTL * 1000, MOST_LISTED
    )
    new, count, listed, shown = answer
    people = [(id_.decode(), (name or id_).decode()) for id_, name in zip(listed, shown, strict=True)]
    return bool(new), count, people


async def leave(tenant_id: int, room_id: int, user: str, process: str) -> None:
    """The process's last socket of this person in this room has closed. Call `sweep` once GRACE has passed."""
    keys = [*_room_keys(tenant_id, room_id), groups.holders(tenant_id, room_id, user)]
    await store.client(tenant_id).eval(_LEAVE, 3, *keys, user, process, GRACE * 1000)


async def renew(
    tenant_id: int, room_id: int, here: Sequence[tuple[str, str]], process: str
) -> list[tuple[str, str]]:
    """Keep (id, name) pairs present, and take out whoever has lapsed: each of those is returned to one caller only."""
    keys = [*_room_keys(tenant_id, room_id), *(groups.holders(tenant_id, room_id, user) for user, _ in here)]
    flat = [text for pair in here for text in pair]
    answer = await store.client(tenant_id).eval(_RENEW, len(keys), *keys, process, TTL * 1000, *flat)
    texts = [text.decode() for text in answer]
    return list(zip(texts[::2], texts[1::2], strict=True))


async def sweep(tenant_id: int, room_id: int) -> list[tuple[str, str]]:
    """Those who have lapsed, taken out; each is returned to one caller only."""
    return await renew(tenant_id, room_id, (), "")


def _room_keys(tenant_id: int, room_id: int) -> list[str]:
    return [groups.people(tenant_id, room_id), groups.names(tenant_id, room_id)]
