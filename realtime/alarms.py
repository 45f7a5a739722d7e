"""Timers that need not be punctual: those that are due within the same tenth of a second share one of the loop's own.

Every socket has one, and moves it all its life: deadline of the handshake, keepalive, deadline of the close, expiry of
a token. Of the loop's own timers, one costs half a kilobyte.
"""

import asyncio
import logging
import math
from typing import Final, NamedTuple, Protocol

from realtime.loop_local import LoopLocal

logger = logging.getLogger("snug.alarms")

GRAIN: Final = 0.1  # seconds


class Sleeper(Protocol):
    """Whoever has an alarm; it knows by itself what the time is for."""

    def rung(self) -> None:
        """The time has come."""


class _Moment(NamedTuple):
    sleepers: set[Sleeper]
    timer: asyncio.TimerHandle


class Alarms:
    """One a loop. Not thread-safe."""

    def __init__(self) -> None:
        self._moments: dict[int, _Moment] = {}

    def set(self, seconds: float, sleeper: Sleeper) -> int:
        """Have it rung in so many seconds or up to GRAIN later. The answer is for `cancel`."""
        loop = asyncio.get_running_loop()
        due = math.ceil((loop.time() + seconds) / GRAIN)
        moment = self._moments.get(due)
        if moment is None:
            timer = loop.call_at(due * GRAIN, self._ring, due)
            moment = self._moments[due] = _Moment(set(), timer)
        moment.sleepers.add(sleeper)
        return due

    def cancel(self, due: int, sleeper: Sleeper) -> None:
        """Harmless where it has rung."""
        if (moment := self._moments.get(due)) is not None:
            moment.sleepers.discard(sleeper)
            if not moment.sleepers:
                moment.timer.cancel()
                del self._moments[due]

    def _ring(self, due: int) -> None:
        sleepers = self._moments.pop(due).sleepers
        for sleeper in sleepers:
            try:
                sleeper.rung()
            except Exception:
                logger.exception("an alarm failed")


alarms: LoopLocal[Alarms] = LoopLocal(Alarms)
