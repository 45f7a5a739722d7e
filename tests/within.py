"""Waiting, but not for ever."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(awaited: Awaitable[T], seconds: float) -> T:
    """What comes of it. Raises TimeoutError. (asyncio.wait_for may swallow a cancellation on Python 3.11.)"""
    async with asyncio.timeout(seconds):
        return await awaited
