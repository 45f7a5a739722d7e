"""Events that wait in this process for whoever receives on a channel: so many at most, and each only so long.

What is dropped was a hint. So whoever listens is told, soon after, that something was missed, and can then look where
the truth is; a moment later rather than at once, so that an overflow is told once and not for every event.
"""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import prometheus_client

logger = logging.getLogger("snug.inbox")

TELL_AFTER: Final = 0.5  # seconds
COMPLAIN_EVERY: Final = 60.0

_dropped = prometheus_client.Counter(
    "snug_channel_events_dropped", "Events that were not delivered to a channel of this process", ["reason"]
)


class Inbox:
    """One a channel. Not thread-safe."""

    def __init__(
        self, channel: str, *, capacity: int, expiry: float, on_missed: Callable[[], None] | None = None
    ) -> None:
        """At most `capacity` events, none older than `expiry` seconds; `on_missed` is called after any was dropped."""
        self._channel = channel
        self._capacity = capacity
        self._expiry = expiry
        self._on_missed = on_missed
        self._waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._missed: Counter[str] = Counter()
        self._unreadable_told = -math.inf

    def put_nowait(self, data: bytes, *, keep: bool = False) -> None:
        """An event has come. With `keep` it waits however many there are and however long it takes."""
        if keep:
            self._waiting.put_nowait((math.inf, data))
        elif self._waiting.qsize() < self._capacity:
            self._waiting.put_nowait((time.monotonic() + self._expiry, data))
        else:
            self._miss("capacity")

    async def get(self) -> bytes:
        """The next event that is still worth hearing."""
        while True:
            good_until, data = await self._waiting.get()
            if time.monotonic() <= good_until:
                return data
            self._miss("expiry")

    def unreadable(self) -> None:
        """An event could not be deciphered. Said now and then: somebody else's keys are not mended by looking."""
        _dropped.labels("unreadable").inc()
        if time.monotonic() >= self._unreadable_told + COMPLAIN_EVERY:
            self._unreadable_told = time.monotonic()
            logger.warning(
                "%s cannot read what is published: do all processes have the same CHANNEL_ENCRYPTION_KEYS?",
                self._channel,
            )

    def _miss(self, reason: str) -> None:
        _dropped.labels(reason).inc()
        if not self._missed:
            asyncio.get_running_loop().call_later(TELL_AFTER, self._tell)
        self._missed[reason] += 1

    def _tell(self) -> None:
        logger.warning(
            "%s: dropped %d events beyond CHANNEL_CAPACITY and %d older than CHANNEL_EXPIRY",
            self._channel,
            self._missed["capacity"],
            self._missed["expiry"],
        )
        self._missed.clear()
        if self._on_missed is not None:
            self._on_missed()
