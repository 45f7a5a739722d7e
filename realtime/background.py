"""Work that nobody waits for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger("snug.background")


async def quietly(work: Awaitable[None]) -> None:
    """Run what the next round will run again: a part that is away must not stop the clock."""
    try:
        await work
    except Exception as error:
        logger.warning("%s: %s", type(error).__name__, error)


class Background:
    """Tasks kept alive until they end or are stopped. An event loop alone would let them be collected half-way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin `work` now. What it raises is told only to whoever awaits the task."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Cancel everything and wait for it to end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: asyncio would complain where nobody was there to be told


class Chore:
    """Work that is asked for often and never under way twice. Asked for meanwhile, it is done once more afterwards."""

    def __init__(self, background: Background, work: Callable[[], Awaitable[None]]) -> None:
        self._background = background
        self._work = work
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Do it now, or as soon as possible. What it raises is logged."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = self._background.run(self._run())

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            await quietly(self._work())
