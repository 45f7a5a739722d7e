"""Asking the asynchronous half of accounts from a test that also uses the ORM."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from realtime import store
from tenants.database import close_pool

R = TypeVar("R")


def answer(work: Awaitable[R]) -> R:
    """What `work` comes to, in an event loop of its own that leaves nothing open."""

    async def finish() -> R:
        try:
            return await work
        finally:
            await store.close()
            await close_pool()

    return asyncio.run(finish())
