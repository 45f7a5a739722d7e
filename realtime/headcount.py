"""Who is in a room now, for those who are not in it themselves: it only looks, and tells nobody."""

from typing import Any, Final

import msgspec

from realtime import groups, store
from realtime.presence import MOST_NAMED, Person

# Those whose presence has lapsed may still be listed, until somebody in the room takes them out: they do not count.
_LOOK: Final = f"""
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local here = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'LIMIT', 0, {MOST_NAMED})
local names = {{}}
if #here > 0 then names = redis.call('HMGET', KEYS[2], unpack(here)) end
return {{redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf'), here, names}}
"""


class Headcount(msgspec.Struct, frozen=True):
    """How many people are in a room, and the first MOST_NAMED of them."""

    count: int
    people: list[Person]


def look(tenant_id: int, room_id: int) -> Headcount:
    """Who is there at this moment. Raises store.AWAY's errors."""
    keys = [groups.people(tenant_id, room_id), groups.names(tenant_id, room_id)]
    answer: Any = store.sync_client(tenant_id).eval(_LOOK, len(keys), *keys)
    count, here, names = answer
    return Headcount(
        count, [(id_.decode(), (name or id_).decode()) for id_, name in zip(here, names, strict=True)]
    )
