"""A deployment in the middle of a conversation."""

import asyncio
import time
from collections.abc import Callable

from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine

RESTARTING = 1012


async def test_a_gentle_restart_costs_nobody_a_message(
    machine: Machine, home: Home, record_property: Callable[[str, object], None]
) -> None:
    async with Conversation(home).going_on() as talk:
        await talk.for_seconds(0.5)
        restarted_at = time.monotonic()
        await asyncio.to_thread(machine.stack.restart_web)
        record_property("took", time.monotonic() - restarted_at)
        await talk.answered_after(time.monotonic())
        assert set(talk.closes()) == {RESTARTING}
        assert len(talk.closes()) >= len(talk.senders) + len(talk.readers)

    assert await home.opens() == [200, 200]
