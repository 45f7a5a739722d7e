"""Counting what may be done only so often."""

import logging
import math
import time
from collections import deque
from typing import Final

from realtime import groups, store

logger = logging.getLogger("snug.limits")

WINDOW: Final = 10.0
# More attempts than that need not be told apart.
MOST_COUNTED: Final = 10_000


class MessageRate:
    """A user's messages in the last WINDOW seconds, in this process: a guard, not a bill."""

    __slots__ = ("_accepted", "_attempts")

    def __init__(self) -> None:
        self._accepted: deque[float] = deque()
        self._attempts: deque[float] = deque(maxlen=MOST_COUNTED)

    def hit(self, limit: int) -> float:
        """Count one attempt. 0.0 when it is allowed, otherwise the seconds until one will be."""
        now = time.monotonic()
        self._forget(now)
        self._attempts.append(now)
        if len(self._accepted) < limit:
            self._accepted.append(now)
            return 0.0
        return _told(self._accepted[0] + WINDOW - now) if self._accepted else WINDOW

    def take_back(self) -> None:
        """Uncount an attempt that was allowed: it was a repeat, which costs nothing."""
        self.deny()
        self.forgive()

    def deny(self) -> None:
        """Somebody else did not allow an attempt that was allowed here: it counts as one that was not."""
        if self._accepted:
            self._accepted.pop()

    def forgive(self) -> None:
        """Uncount an attempt that was not allowed."""
        if self._attempts:
            self._attempts.pop()

    def flooding(self, limit: int) -> bool:
        """Whether the attempts, refused ones included, have come to ten times the limit."""
        self._forget(time.monotonic())
        return len(self._attempts) >= min(10 * limit, MOST_COUNTED)

    @property
    def idle(self) -> bool:
        """Whether nothing was counted lately, so that this object can go."""
        self._forget(time.monotonic())
        return not self._attempts

    def _forget(self, now: float) -> None:
        for times in (self._accepted, self._attempts):
            while times and times[0] <= now - WINDOW:
                times.popleft()


async def take_turn(tenant_id: int, room_id: int, user: str, seconds: int) -> float:
    """Use up a user's turn in a slow room, on every process. 0.0 when it was theirs, else the seconds until it is.

    With Redis away it always is.
    """
    key = groups.turn(tenant_id, room_id, user)
    try:
        if await store.client(tenant_id).set(key, 1, px=seconds * 1000, nx=True):
            return 0.0
        left = int(await store.client(tenant_id).pttl(key))
        if left > seconds * 1000:  # taken when the room was slower
            left = seconds * 1000
            await store.client(tenant_id).pexpire(key, left)
    except store.AWAY as error:
        logger.warning("slow mode not kept: %s", type(error).__name__)
        return 0.0
    return _told(left / 1000)


def _told(seconds: float) -> float:
    """A wait as it is told: in tenths of a second, and never less than it is."""
    return max(0.1, math.ceil(seconds * 10) / 10)


async def give_back_turn(tenant_id: int, room_id: int, user: str) -> None:
    """Undo `take_turn`; harmless where that fails: it lapses by itself."""
    try:
        await store.client(tenant_id).delete(groups.turn(tenant_id, room_id, user))
    except store.AWAY as error:
        logger.warning("a turn not given back: %s", type(error).__name__)


async def hit(scope: str, key: str, limit: int, seconds: int) -> bool:
    """`hit_sync` for the event loop."""
    return await _add(1, scope, key, seconds) <= limit


async def forgive(scope: str, key: str, seconds: int) -> None:
    """`forgive_sync` for the event loop."""
    await _add(-1, scope, key, seconds)


async def _add(attempts: int, scope: str, key: str, seconds: int) -> int:
    name = _window(scope, key, seconds)
    try:
        async with store.client(name).pipeline(transaction=False) as pipe:
            pipe.incrby(name, attempts)
            pipe.expire(name, seconds + 1)
            return int((await pipe.execute())[0])
    except store.AWAY as error:
        logger.warning("rate limit not counted: %s", type(error).__name__)
        return 0


def left(seconds: int) -> float:
    """How many seconds the running window of so many seconds still lasts, never 0."""
    return _told(seconds - time.time() % seconds)


def hit_sync(scope: str, key: str, limit: int, seconds: int) -> bool:
    """Count one attempt in a fixed window of `seconds` shared by all processes; False once `limit` is passed.

    `scope` is a tenant's schema name or "portal". With Redis away it allows: a guard must not lock everyone out.
    """
    return count_sync(scope, key, seconds) <= limit


def count_sync(scope: str, key: str, seconds: int) -> int:
    """Count one attempt, and say how many there were in this window; 0 when Redis is away."""
    return add_sync(1, scope, key, seconds)


def forgive_sync(scope: str, key: str, seconds: int) -> None:
    """Uncount one attempt of this window: it turned out to be nothing to guard against."""
    add_sync(-1, scope, key, seconds)


def add_sync(amount: int, scope: str, key: str, seconds: int) -> int:
    """Count so much at once, and say how much there was in this window; 0 when Redis is away."""
    name = _window(scope, key, seconds)
    try:
        with store.sync_client(name).pipeline(transaction=False) as pipe:
            pipe.incrby(name, amount)
            pipe.expire(name, seconds + 1)
            return int(pipe.execute()[0])
    except store.AWAY as error:
        logger.warning("rate limit not counted: %s", type(error).__name__)
        return 0


def busiest_sync(scope: str, key: str, seconds: int) -> int:
    """Count one attempt, and say how many there were in this window or the one before it, whichever had more; 0 when
    Redis is away. What goes by this does not begin anew with every window."""
    window = int(time.time()) // seconds
    names = [groups.counter(scope, f"{key}:{number}") for number in (window, window - 1)]
    try:
        with store.sync_client(f"{scope}:{key}").pipeline(transaction=False) as pipe:
            pipe.incr(names[0])
            pipe.expire(names[0], 2 * seconds + 1)
            pipe.get(names[1])
            now, _, before = pipe.execute()
            return max(int(now), int(before or 0))
    except store.AWAY as error:
        logger.warning("rate limit not counted: %s", type(error).__name__)
        return 0


def solve_sync(tenant_id: int, challenge: str, seconds: int) -> bool:
    """Use up the answer to a challenge that is good for so many seconds; False where it was used before. With Redis
    away it never was."""
    try:
        client = store.sync_client(tenant_id)
        return bool(client.set(groups.solved(tenant_id, challenge), 1, ex=seconds, nx=True))
    except store.AWAY as error:
        logger.warning("a used proof not kept: %s", type(error).__name__)
        return True


def _window(scope: str, key: str, seconds: int) -> str:
    return groups.counter(scope, f"{key}:{int(time.time()) // seconds}")
