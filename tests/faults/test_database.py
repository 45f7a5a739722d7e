"""A database that hangs: senders wait or are told when to come back, and no process stands still for good."""

import asyncio
import time

from tenants.database import LONGEST_USE
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine

MEBIBYTE = 1024 * 1024


async def test_senders_wait_while_the_database_sleeps(machine: Machine, home: Home) -> None:
    before = [machine.memory("web-0"), machine.memory("web-1")]
    async with Conversation(home, senders=4).going_on() as talk:
        await talk.for_seconds(0.5)
        with machine.frozen("postgres"):
            await talk.for_seconds(2.5)
        assert await talk.answered_after(time.monotonic()) < 10
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


async def test_a_database_that_hangs_for_long_is_cut_off_and_its_commit_counts_once(
    machine: Machine, home: Home
) -> None:
    """It had been told to commit, and does so when it wakes: by then the writer has asked a second time."""
    async with home.pair() as (talking, asking):
        await talking.say("before")
        await asking.until("chat_message")
        with machine.frozen("postgres"):
            await talking.send("chat_message", message="into the void", client_id="void")
            await asking.send("history")
            refused = await asking.until("error", timeout=LONGEST_USE + 5)
            assert refused["error"]["code"] == "INTERNAL_ERROR"
            assert refused["retry_after"] > 0
        echo = await talking.until("chat_message", client_id="void")
        assert await asking.until("chat_message") == echo
        assert await home.opens() == [200, 200]
    assert [each.body for each in home.stored()][:2] == ["before", "into the void"]
    assert [each.seq for each in home.stored()] == [1, 2, 3, 4]


async def _enter(home: Home, process: int) -> None:
    async with home.chat(f"newcomer-{process}", process=process) as chat:
        await chat.entered()
