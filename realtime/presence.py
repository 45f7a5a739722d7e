"""Who is in a room: people, not tabs.

`people` holds everyone present, scored by when their presence lapses; beside it one small set a person names the
processes that hold their sockets. Whoever leaves lingers for GRACE seconds, so that a reconnect is silent. Those whose
presence has lapsed are taken out by whoever looks next, and told to that one caller only: it says goodbye for them.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from realtime import groups, store

TTL: Final = 24
GRACE: Final = 5
MOST_LISTED: Final = 100
_MOST_AT_ONCE: Final = 500

Person = tuple[str, str]  # id, username

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local people, names = KEYS[1], KEYS[2]
local function since(age) return age == '' and '-inf' or now - tonumber(age) end
"""

_SWEPT = f"""
local gone = redis.call('ZRANGEBYSCORE', people, earliest, now, 'LIMIT', 0, {_MOST_AT_ONCE})
local left = {{}}
for _, who in ipairs(gone) do
  table.insert(left, who)
  table.insert(left, redis.call('HGET', names, who) or who)
  redis.call('ZREM', people, who)
  redis.call('HDEL', names, who)
end
"""

# Someone who lapsed but whom nobody has swept was never said to have left, and so is not new.
_ENTER = (
    _NOW
    + """
local at, user, username, process, ttl = KEYS[3], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local earliest = since(ARGV[6])
local new = 0
if user ~= '' then
  if not redis.call('ZSCORE', people, user) then new = 1 end
  redis.call('ZADD', people, now + ttl, user)
  redis.call('HSET', names, user, username)
  redis.call('ZADD', at, now + ttl, process)
  for _, key in ipairs({people, names, at}) do redis.call('PEXPIRE', key, ttl * 4) end
end
"""
    + _SWEPT
    + """
local listed = redis.call('ZRANGEBYSCORE', people, '(' .. now, '+inf', 'LIMIT', 0, tonumber(ARGV[5]))
local shown = {}
if #listed > 0 then shown = redis.call('HMGET', names, unpack(listed)) end
return {new, redis.call('ZCOUNT', people, '(' .. now, '+inf'), listed, shown, left}
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
return 0
"""
)

_SWEEP = _NOW + "local earliest = since(ARGV[1])" + _SWEPT + "return left"


class Arrival(msgspec.Struct, frozen=True):
    """What someone who enters finds: are they new here, how many people are here, the first MOST_LISTED of them; and
    whom the caller has to say goodbye for."""

    is_new: bool
    count: int
    people: list[Person]
    lapsed: list[Person]


async def enter(
    tenant_id: int, room_id: int, user: str, username: str, process: str, *, lapsed_within: int | None = None
) -> Arrival:
    """Note a person's arrival. An empty `user` only looks: bots are not people. For `lapsed_within`, see `sweep`."""
    keys = [*_room_keys(tenant_id, room_id), groups.holders(tenant_id, room_id, user)]
    answer: Any = await store.client(tenant_id).eval(
        _ENTER, 3, *keys, user, username, process, TTL * 1000, MOST_LISTED, _age(lapsed_within)
    )
    new, count, listed, shown, left = answer
    people = [(id_.decode(), (name or id_).decode()) for id_, name in zip(listed, shown, strict=True)]
    return Arrival(bool(new), count, people, _pairs(left))


async def leave(tenant_id: int, room_id: int, user: str, process: str) -> None:
    """The process's last socket of this person in this room has closed. Call `sweep` once GRACE has passed."""
    keys = [*_room_keys(tenant_id, room_id), groups.holders(tenant_id, room_id, user)]
    await store.client(tenant_id).eval(_LEAVE, 3, *keys, user, process, GRACE * 1000)


async def renew(tenant_id: int, room_id: int, here: Sequence[Person], process: str) -> None:
    """Keep people present whose sockets this process holds."""
    for start in range(0, len(here), _MOST_AT_ONCE):
        some = here[start : start + _MOST_AT_ONCE]
        keys = [
            *_room_keys(tenant_id, room_id),
            *(groups.holders(tenant_id, room_id, user) for user, _ in some),
        ]
        flat = [text for pair in some for text in pair]
        await store.client(tenant_id).eval(_RENEW, len(keys), *keys, process, TTL * 1000, *flat)


async def sweep(tenant_id: int, room_id: int, *, lapsed_within: int | None = None) -> list[Person]:
    """Those who have lapsed, taken out; with `lapsed_within`, only those who have in the last so many milliseconds."""
    swept: list[Person] = []
    while True:
        answer: Any = await store.client(tenant_id).eval(
            _SWEEP, 2, *_room_keys(tenant_id, room_id), _age(lapsed_within)
        )
        swept += _pairs(answer)
        if len(answer) < 2 * _MOST_AT_ONCE:
            return swept


def _age(milliseconds: int | None) -> str:
    return "" if milliseconds is None else str(milliseconds)


def _pairs(flat: list[bytes]) -> list[Person]:
    texts = [text.decode() for text in flat]
    return list(zip(texts[::2], texts[1::2], strict=True))


def _room_keys(tenant_id: int, room_id: int) -> list[str]:
    return [groups.people(tenant_id, room_id), groups.names(tenant_id, room_id)]
