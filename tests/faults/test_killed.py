"""`kill -9` in the middle of a conversation: everything comes back by itself, and nothing acknowledged is lost."""

import asyncio
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine

Report = Callable[[str, object], None]

VICTIMS = [
    ("web-0",),
    ("web-0", "web-1"),
    ("valkey",),
    ("postgres",),
    ("worker",),
    ("web-1", "valkey", "postgres"),
]


@pytest.mark.parametrize("victims", VICTIMS, ids="-".join)
async def test_a_killed_process_costs_nobody_a_message(
    machine: Machine, home: Home, victims: tuple[str, ...], record_property: Report
) -> None:
    async with Conversation(home).going_on() as talk:
        await talk.for_seconds(0.5)
        killed_at = time.monotonic()
        recovered = machine.kill(*victims)
        record_property("everybody was answered again", await talk.answered_after(killed_at + 0.02))
        record_property("everything served again", await asyncio.to_thread(recovered))
        await talk.for_seconds(0.5)

    assert await home.opens() == [200, 200]


async def test_a_killed_database_session_costs_nobody_a_message(machine: Machine, home: Home) -> None:
    """PostgreSQL then ends every session and recovers, as after any crash."""
    async with Conversation(home).going_on() as talk:
        await talk.for_seconds(0.5)
        killed_at = time.monotonic()
        os.kill(machine.sessions()[0], signal.SIGKILL)
        assert await talk.answered_after(killed_at + 0.02) < 10

    assert await home.opens() == [200, 200]


async def test_sessions_ended_by_the_database_cost_nobody_a_message(machine: Machine, home: Home) -> None:
    async with Conversation(home).going_on() as talk:
        for _ in range(3):
            await talk.for_seconds(0.4)
            with machine.database() as db:
                db.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )

    assert await home.opens() == [200, 200]


async def test_what_a_dying_process_committed_but_did_not_announce_is_heard(
    machine: Machine, home: Home
) -> None:
    async with home.pair() as (talking, listening):
        await talking.say("before")
        await listening.until("chat_message", message="before")

        seq = home.unannounced("bob", "last-words", "last words")
        await asyncio.to_thread(machine.kill("web-0"))

        heard = await listening.until("chat_message", timeout=10)
        assert (heard["seq"], heard["message"]) == (seq, "last words")


async def test_whoever_repeats_what_was_never_announced_announces_it(machine: Machine, home: Home) -> None:
    async with home.pair() as (talking, listening):
        await talking.say("before")
        await listening.until("chat_message", message="before")

        seq = home.unannounced("bob", "last-words", "last words")
        answer = await talking.say("last words", client_id="last-words")
        heard = await listening.until("chat_message", timeout=5)

        assert answer["seq"] == heard["seq"] == seq
        assert heard == answer


@pytest.mark.parametrize("victim", ["worker", "postgres"])
async def test_background_work_goes_on_after(machine: Machine, victim: str) -> None:
    """A mail, here: the smallest job there is."""
    recovered = machine.kill(victim)
    await asyncio.to_thread(recovered)
    mails = machine.stack.data_dir.path / "mail"
    before = set(mails.glob("*.eml"))
    send = "from portal.tasks import mail_workspaces; mail_workspaces.defer(email='alice@example.com')"
    await asyncio.to_thread(machine.stack.manage, "shell", "--no-imports", "-c", send)
    async with asyncio.timeout(10):
        while not set(mails.glob("*.eml")) - before:
            await asyncio.sleep(0.05)
