"""What a serving process starts before its first request and finishes before it goes."""

import logging

from realtime import hub, publish, store
from rooms.actions import announcing
from tenants import database

logger = logging.getLogger("snug.runtime")


async def start() -> None:
    """Open the pool and begin listening; parts that are away are awaited in the background."""
    await database.pool()
    await hub.hub()


async def stop() -> None:
    """Finish writing, send what is waiting, close what is open. Sockets must be closed before."""
    await announcing.close()
    await hub.stop()
    await publish.close()
    await store.close()
    await database.close_pool()
