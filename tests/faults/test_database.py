"""A database that hangs: senders wait or are told when to come back, and no process stands still for good."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable

from psycopg import sql

from tenants.database import LONGEST_USE
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine, tables
from tests.personas import Chat

Report = Callable[[str, object], None]

MEBIBYTE = 1024 * 1024
# 40 KB each, of which all together offer 40 MB, everyone in a room of their own.
LONG = "\N{GRINNING FACE}" * 10_000
TALKERS, OFFERED = 20, 50
MOST_GROWN = 20 * MEBIBYTE
# Two seconds for the lock, and as many where their group is tried once more without the others.
DELAYED, AT_ONCE = 6.0, 1.5


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


async def test_what_is_offered_while_the_database_sleeps_waits_with_those_who_offer_it(
    machine: Machine, home: Home, record_property: Report
) -> None:
    """Not in our memory: whoever sends faster than we can store is slowed down by their own connection."""
    homes = [Home.made(machine, home.workspace) for _ in range(TALKERS)]
    chats = [await each.workspace.connect(each.workspace.token(each.room), each.room) for each in homes]
    for chat in chats:
        await chat.entered()
    before = machine.memory("web-0")
    with machine.frozen("postgres"):
        offering = [asyncio.create_task(_offer(chat)) for chat in chats]
        await asyncio.sleep(2)
        grown = machine.memory("web-0") - before
    record_property("MiB more", grown / MEBIBYTE)
    answered = await asyncio.gather(*offering)
    assert grown < MOST_GROWN
    # All of them were answered, each with its echo or with when to come back.
    for each, chat, answers in zip(homes, chats, answered, strict=True):
        assert answers.total() == OFFERED
        assert answers.keys() <= {"chat_message", "RATE_LIMITED"}
        assert len(each.stored()) == answers["chat_message"]
        await chat.close()
    assert await home.opens() == [200, 200]


async def _offer(chat: Chat) -> Counter[str]:
    """Send all of it, as fast as it is taken; how often it was answered with what."""

    async def send() -> None:
        for n in range(OFFERED):
            said = {"type": "chat_message", "message": LONG, "client_id": f"c-{n}"}
            await chat.raw(json.dumps(said, ensure_ascii=False))

    sending = asyncio.create_task(send())
    answers: dict[str, str] = {}
    while len(answers) < OFFERED:
        frame = await chat.next(timeout=30)
        if frame["type"] == "error":
            assert frame["retry_after"] > 0
            answers[frame["client_id"]] = frame["error"]["code"]
        elif frame["type"] == "chat_message":
            answers[frame["client_id"]] = frame["type"]
    await sending
    return Counter(answers.values())


async def test_a_locked_room_is_told_when_to_come_back_and_the_other_workspaces_talk_on(
    machine: Machine, home: Home
) -> None:
    elsewhere = Home.made(machine, await asyncio.to_thread(machine.workspace))
    lock = sql.SQL("SELECT FROM {rooms} WHERE name = %s FOR UPDATE").format(**tables(home.schema))
    async with home.pair() as (talking, listening), elsewhere.pair() as (free, hearing):
        with machine.database() as db, db.transaction():
            db.execute(lock, [home.room])
            await talking.send("chat_message", message="locked out", client_id="once")
            await machine.until_waiting_for_lock()
            # Whoever comes behind its group waits as long as a lock is waited for; the next groups do not.
            for within in (DELAYED, AT_ONCE, AT_ONCE):
                asked = time.monotonic()
                said = await free.say("as ever")
                assert await hearing.until("chat_message") == said
                assert time.monotonic() - asked < within
            error = await talking.until("error", client_id="once", timeout=DELAYED)
            assert (error["error"]["code"], error["retry_after"] > 0) == ("RATE_LIMITED", True)
        await asyncio.sleep(error["retry_after"])
        echo = await talking.say("locked out", client_id="once")
        assert await listening.until("chat_message") == echo
    assert [each.client_id for each in home.stored()] == ["once"]


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
