"""Telling the courier that something is owed, from the loop that has just committed it."""

import asyncio
import logging
from typing import Final

from realtime.loop_local import LoopLocal
from tenants import bell
from tenants.database import AWAY

logger = logging.getLogger("snug.webhooks")

NAME: Final = "snug_webhooks"
# Rings of that many seconds leave together.
PACE: Final = 0.03


class Bell:
    """One a loop. `ring` never waits and never raises; a lost ring costs the seconds until the courier's next sweep."""

    def __init__(self) -> None:
        self._schemas: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def ring(self, schema: str) -> None:
        """Something is owed in this schema."""
        self._schemas.add(schema)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._schemas:
            schemas, self._schemas = self._schemas, set()
            try:
                await bell.aring(NAME, sorted(schemas))
            except AWAY as error:
                logger.warning("the courier was not woken: %s", type(error).__name__)
            await asyncio.sleep(PACE)


_bells: LoopLocal[Bell] = LoopLocal(Bell)


def ring(schema: str) -> None:
    """Something is owed in this schema, and committed. For code on an event loop."""
    _bells.get().ring(schema)
