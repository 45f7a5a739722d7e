"""Who is in a room: people, not tabs.

`people` holds everyone present, scored by when their presence lapses; beside it one small set a person names the
processes that hold their sockets. Whoever leaves lingers for GRACE seconds, so that a reconnect is silent. Those whose
presence has lapsed are taken out by whoever looks next, and told to that one caller only: it says goodbye for them.

Where more than MOST_NAMED people are, comings and goings are not told one by one but counted in `crowd`, and whoever
looks once that is due is given the sums to tell. They are in Redis because the second between two tellings is the
room's, whichever processes people come to; and so that nobody is lost when one of these dies.

Processes are heard in no particular order. So the first sum waits as long as any other, and names are told again only
when the last sum is that old: they do not overtake each other, and whoever counts along comes to the same figure.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from realtime import groups, store
from realtime.scripts import Script

TTL: Final = 24
GRACE: Final = 5
MOST_NAMED: Final = 100
# Milliseconds. A little over a second: what two processes send that far apart must not arrive closer together.
MERGED_EVERY: Final = 1_100
_MOST_AT_ONCE: Final = 500

Person = tuple[str, str]  # id, username

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local people, names, crowd = KEYS[1], KEYS[2], KEYS[3]
local function since(age) return age == '' and '-inf' or now - tonumber(age) end
"""

# `peak` is how many there were before anyone was taken out; `at` is when the last sum was told or, where none was, when
# the first person was counted.
_SWEPT = f"""
local peak = redis.call('ZCARD', people)
local joined, left, at = unpack(redis.call('HMGET', crowd, 'joined', 'left', 'at'))
local merged = joined or at or peak > {MOST_NAMED}
local named, gone = {{}}, 0
repeat
  local some = redis.call('ZRANGEBYSCORE', people, earliest, now, 'LIMIT', 0, {_MOST_AT_ONCE})
  if #some > 0 then
    for _, who in ipairs(merged and {{}} or some) do
      table.insert(named, who)
      table.insert(named, redis.call('HGET', names, who) or who)
    end
    redis.call('ZREM', people, unpack(some))
    redis.call('HDEL', names, unpack(some))
    gone = gone + #some
  end
until #some < {_MOST_AT_ONCE}

local told = {{}}
if merged and (joined or new + gone > 0) then
  at = at or now
  joined, left = (joined or 0) + new, (left or 0) + gone
  redis.call('DEL', crowd)
  local passed = now - at
  if passed >= 0 and passed < {MERGED_EVERY} then
    redis.call('HSET', crowd, 'joined', joined, 'left', left, 'at', at)
    redis.call('PEXPIRE', crowd, {4 * TTL * 1000})
    told = {{{MERGED_EVERY} - passed}}
  else
    redis.call('HSET', crowd, 'at', now)
    redis.call('PEXPIRE', crowd, {MERGED_EVERY})
    told = {{joined, left, redis.call('ZCARD', people)}}
  end
end
"""

# Someone who lapsed but whom nobody has swept was never said to have left, and so is not new.
_enter = Script(
    _NOW
    + """
local holders, user, username, process, ttl = KEYS[4], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local earliest = since(ARGV[5])
local new = 0
if user ~= '' then
  if not redis.call('ZSCORE', people, user) then new = 1 end
  redis.call('ZADD', people, now + ttl, user)
  redis.call('HSET', names, user, username)
  redis.call('ZADD', holders, now + ttl, process)
  for _, key in ipairs({people, names, holders}) do redis.call('PEXPIRE', key, ttl * 4) end
end
"""
    + _SWEPT
    + f"""
local listed = redis.call('ZRANGEBYSCORE', people, '(' .. now, '+inf', 'LIMIT', 0, {MOST_NAMED})
local shown = {{}}
if #listed > 0 then shown = redis.call('HMGET', names, unpack(listed)) end
return {{new, redis.call('ZCOUNT', people, '(' .. now, '+inf'), listed, shown, named, told}}
"""
)

# A Redis that has forgotten everyone is told of them once more: or nobody would say that they have left.
_leave = Script(
    _NOW
    + """
local holders, user, username, process = KEYS[4], ARGV[1], ARGV[2], ARGV[3]
local grace, ttl = tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREM', holders, process)
redis.call('ZREMRANGEBYSCORE', holders, '-inf', now)
if redis.call('ZCARD', holders) == 0 then
  redis.call('ZADD', people, now + grace, user)
  redis.call('HSET', names, user, username)
  redis.call('PEXPIRE', people, ttl * 4)
  redis.call('PEXPIRE', names, ttl * 4)
end
return 0
"""
)

# Whoever Redis had forgotten is no newcomer, but the count that a crowd was told has to be put right.
_RENEW = (
    _NOW
    + f"""
local process, ttl, anew = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
for i = 4, #ARGV, 2 do
  local user, holders = ARGV[i], KEYS[4 + (i - 4) / 2]
  if redis.call('ZADD', people, now + ttl, user) == 1 then anew = true end
  redis.call('HSET', names, user, ARGV[i + 1])
  redis.call('ZADD', holders, now + ttl, process)
  redis.call('PEXPIRE', holders, ttl * 4)
end
redis.call('PEXPIRE', people, ttl * 4)
redis.call('PEXPIRE', names, ttl * 4)
if anew and redis.call('ZCARD', people) > {MOST_NAMED} then
  redis.call('HINCRBY', crowd, 'joined', 0)
  redis.call('PEXPIRE', crowd, ttl * 4)
end
return 0
"""
)

_sweep = Script(_NOW + "local new, earliest = 0, since(ARGV[1])" + _SWEPT + "return {named, told}")


class Merged(msgspec.Struct, frozen=True):
    """How many came and went where names are not told, for the caller to tell now; or, where `wait` is not 0, to be
    asked for again in so many milliseconds."""

    wait: int = 0
    joined: int = 0
    left: int = 0
    count: int = 0


class News(msgspec.Struct, frozen=True):
    """What the caller alone has to tell the room: those who have lapsed, by name, or all of it `merged`."""

    lapsed: list[Person]
    merged: Merged | None


class Arrival(msgspec.Struct, frozen=True):
    """What someone who enters finds: are they new here, how many people are here, the first MOST_NAMED of them; and
    the news, of which their own arrival is a part where it is merged."""

    is_new: bool
    count: int
    people: list[Person]
    news: News


async def enter(
    tenant_id: int, room_id: int, user: str, username: str, process: str, *, lapsed_within: int | None = None
) -> Arrival:
    """Note a person's arrival. An empty `user` only looks: bots are not people. For `lapsed_within`, see `sweep`."""
    keys = [*_room_keys(tenant_id, room_id), groups.holders(tenant_id, room_id, user)]
    answer = await _enter(tenant_id, keys, user, username, process, TTL * 1000, _age(lapsed_within))
    new, count, listed, shown, named, told = answer
    people = [(id_.decode(), (name or id_).decode()) for id_, name in zip(listed, shown, strict=True)]
    return Arrival(bool(new), count, people, _news(named, told))


async def leave(tenant_id: int, room_id: int, user: str, username: str, process: str) -> None:
    """The process's last socket of this person in this room has closed. Call `sweep` once GRACE has passed."""
    keys = [*_room_keys(tenant_id, room_id), groups.holders(tenant_id, room_id, user)]
    await _leave(tenant_id, keys, user, username, process, GRACE * 1000, TTL * 1000)


async def renew(
    tenant_id: int, room_id: int, here: Sequence[Person], process: str, *, anew: bool = False
) -> None:
    """Keep people present whose sockets this process holds. `anew` has a crowd be told its count once more."""
    for start in range(0, len(here), _MOST_AT_ONCE):
        some = here[start : start + _MOST_AT_ONCE]
        keys = [
            *_room_keys(tenant_id, room_id),
            *(groups.holders(tenant_id, room_id, user) for user, _ in some),
        ]
        flat = [text for pair in some for text in pair]
        await store.client(tenant_id).eval(_RENEW, len(keys), *keys, process, TTL * 1000, int(anew), *flat)


async def sweep(tenant_id: int, room_id: int, *, lapsed_within: int | None = None) -> News:
    """Take out those who have lapsed; with `lapsed_within`, only those who have in the last so many milliseconds."""
    keys = _room_keys(tenant_id, room_id)
    named, told = await _sweep(tenant_id, keys, _age(lapsed_within))
    return _news(named, told)


def _age(milliseconds: int | None) -> str:
    return "" if milliseconds is None else str(milliseconds)


def _news(named: list[bytes], told: list[int]) -> News:
    texts = [text.decode() for text in named]
    lapsed = list(zip(texts[::2], texts[1::2], strict=True))
    if len(told) == 1:
        return News(lapsed, Merged(wait=told[0]))
    return News(lapsed, Merged(0, *told) if told else None)


def _room_keys(tenant_id: int, room_id: int) -> list[str]:
    return [make(tenant_id, room_id) for make in (groups.people, groups.names, groups.crowd)]
