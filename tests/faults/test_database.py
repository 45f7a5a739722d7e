"""A database that hangs: senders wait or are told when to come back, and no process stands still for good."""

import asyncio
import time

from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine

MEBIBYTE = 1024 * 1024


async def test_senders_wait_while_the_database_sleeps(machine: Machine, home: Home) -> None:
    before = [machine.memory("web-0"), machine.memory("web-1")]
    async with Conversation(home, senders=4).going_on() as talk:
        await talk.for_seconds(0.5)
        with machine.frozen("postgres"):
            await talk.for_seconds(2.5)
        assert await talk.answered_after(time.monotonic()) < 5
        await talk.for_seconds(0.5)
        assert talk.closes() == []
        assert {code for sender in talk.senders for code in sender.errors} <= {"RATE_LIMITED"}

    assert await home.opens() == [200, 200]
    after = [machine.memory("web-0"), machine.memory("web-1")]
    assert max(b - a for a, b in zip(before, after, strict=True)) < 30 * MEBIBYTE


async def test_a_socket_cannot_be_opened_while_the_database_sleeps_and_can_be_afterwards(
    machine: Machine, home: Home
) -> None:
    with machine.frozen("postgres"):
        entering = [asyncio.create_task(_enter(home, process)) for process in (0, 1)]
        done, _ = await asyncio.wait(entering, timeout=1)
        assert not done
    async with asyncio.timeout(5):
        await asyncio.gather(*entering)
    assert await home.opens() == [200, 200]


async def _enter(home: Home, process: int) -> None:
    async with home.chat(f"newcomer-{process}", process=process) as chat:
        await chat.entered()
