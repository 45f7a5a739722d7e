"""The group writer: whatever is waiting, for any room and tenant, is committed together (rooms.writing.group_commit).

While one group commits the next one forms, so that a slow disk makes groups larger and not the queue longer. A quick
disk would make them small, and each commit costs the same for one message as for fifty: so commits begin at least PACE
seconds apart. Whoever speaks into the quiet does not wait.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, overload
from uuid import UUID

from rooms.texts import Refused
from rooms.writing.group_commit import commit
from rooms.writing.work import (
    Change,
    Changed,
    Done,
    Draft,
    Edit,
    Marked,
    Outcome,
    ReadMark,
    Work,
    Written,
    later,
    unstorable,
)
from tenants.database import AWAY

logger = logging.getLogger("snug.writer")

MOST_WAITING: Final = 5_000
MOST_WAITING_CHARACTERS: Final = 16 * 1024 * 1024
MOST_AT_ONCE: Final = 500
PACE: Final = 0.01
# How long a database may be away before senders are told; a crash and recovery takes far less.
PATIENCE: Final = 15.0

Announce = Callable[[Sequence[Done]], None]
Job = tuple[Work, "asyncio.Future[Done]"]


class Writer:
    """One a loop, one group in flight: the next forms while this one commits. `announce` hears of each group."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._waiting: deque[Job] = deque()
        self._characters = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._busy = False
        self._next_at = 0.0  # the loop's time from which on the next group may be committed
        self._away_since: float | None = None

    @overload
    async def write(self, work: Draft) -> Written: ...

    @overload
    async def write(self, work: Change) -> Changed: ...

    @overload
    async def write(self, work: ReadMark) -> Marked: ...

    async def write(self, work: Work) -> Any:
        """Commit it. Returns once it is durable; raises Refused, also when the queue is full."""
        if len(self._waiting) >= MOST_WAITING or self._characters >= MOST_WAITING_CHARACTERS:
            raise later("The server is busy. Try again in a moment.", 1.0)
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        self._characters += _characters(work)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        return await future

    async def close(self) -> None:
        """Write what is waiting, then stop."""
        while self._waiting or self._busy:
            await asyncio.sleep(0.005)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._busy = True
                await self._gather()
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                self._characters -= sum(_characters(work) for work, _ in group)
                try:
                    await self._commit(group)
                except Exception:  # a fault of ours: this group is told, the next is written
                    logger.exception("a group of %d was not written", len(group))
                    _settle(group, {})
                finally:
                    self._busy = False

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        if (pause := self._next_at - loop.time()) > 0 and len(self._waiting) < MOST_AT_ONCE:
            await asyncio.sleep(pause)
        self._next_at = loop.time() + PACE

    async def _commit(self, group: list[Job]) -> None:
        outcomes = await self._commit_patiently([work for work, _ in group])
        try:
            self._announce([outcome for outcome in outcomes.values() if not isinstance(outcome, Refused)])
        except Exception:  # they are written: hubs that were not told compare rooms with the database
            logger.exception("a group of %d was not announced", len(group))
        _settle(group, outcomes)

    async def _commit_patiently(self, group: list[Work]) -> dict[UUID, Outcome]:
        """Commit, repeating while the database is away, until that has lasted PATIENCE seconds."""
        loop = asyncio.get_running_loop()
        pause = 0.05
        while True:
            try:
                outcomes = await commit(group)
            except AWAY as error:
                self._away_since = self._away_since or loop.time()
                logger.warning("the database is away, %d wait: %s", len(group), type(error).__name__)
                if loop.time() - self._away_since > PATIENCE:
                    return dict.fromkeys(
                        (work.id for work in group), later("Nothing can be stored right now.", 2.0)
                    )
            else:
                self._away_since = None
                return outcomes
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)


def _settle(group: Sequence[Job], outcomes: Mapping[UUID, Outcome]) -> None:
    for work, future in group:
        if future.done():  # the asker has gone; the message stands
            continue
        outcome = outcomes.get(work.id) or unstorable()
        if isinstance(outcome, Refused):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _characters(work: Work) -> int:
    return len(work.body) if isinstance(work, (Draft, Edit)) else 0
