"""What a serving process starts before its first request and finishes before it goes."""

import asyncio
import gc
import logging

import prometheus_client

from moderation.review import hook
from realtime import hub, publish, store
from rooms.actions import announcing
from tenants import database

logger = logging.getLogger("snug.runtime")

_tasks = prometheus_client.Gauge("snug_tasks", "Tasks that live in this process's event loop")


async def start() -> None:
    """Open the pool and begin listening; parts that are away are awaited in the background."""
    loop = asyncio.get_running_loop()
    _tasks.set_function(lambda: len(asyncio.all_tasks(loop)))
    await database.pool()
    await hub.hub()
    # What is loaded by now stays: a full collection, which stops everything, need not look at it each time (50 ms).
    gc.collect()
    gc.freeze()


async def stop() -> None:
    """Finish writing, send what is waiting, close what is open. Sockets must be closed before."""
    await announcing.close()
    await hook.close()
    await hub.stop()
    await publish.close()
    await store.close()
    await database.close_pool()
