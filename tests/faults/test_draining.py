"""A process that is told to end (SIGTERM): no stampede, no answer cut short, nothing lost."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from psycopg import sql

from ops.local import Stack
from realtime import draining
from realtime.draining import PACE
from realtime.events import CloseCode
from tests.faults.crowds import Crowd
from tests.faults.machine import Home, Machine, tables
from tests.faults.servers import product_on
from tests.personas import Chat, open_workspace
from tests.threads import giving_back

Report = Callable[[str, object], None]

CROWD = 400
NOTICE = 1


async def test_a_crowd_is_sent_away_little_by_little_and_is_back_with_nothing_missed(
    machine: Machine, home: Home, record_property: Report
) -> None:
    crowd = Crowd(home, CROWD, processes=(0,))
    async with crowd.present(), home.chat("bob", process=1) as bob:
        old = machine.stack.kill("web-0", signal.SIGTERM)
        ended_at = time.monotonic()
        said = [await _say_after(bob, 0.2) for _ in range(15)]
        await asyncio.to_thread(machine.stack.wait_until_restarted, "web-0", old)
        await crowd.all_in(2)
        record_property("all back after", time.monotonic() - ended_at)
        said.append(await bob.say("is everybody back?"))
        await crowd.all_heard(said[-1]["seq"])

        assert [code for member in crowd.members for code in member.closes] == [CloseCode.RESTARTING] * CROWD
        assert [code for member in crowd.members for code in member.refusals] == []
        _assert_spread([at for member in crowd.members for at in member.ended_at])
        stored = [message.message_id for message in home.stored()]
        assert stored == [each["message_id"] for each in said]
        assert all([each["message_id"] for each in member.seen] == stored for member in crowd.members)
    assert await home.opens() == [200, 200]


async def _say_after(chat: Chat, pause: float) -> dict[str, Any]:
    await asyncio.sleep(pause)
    return await chat.say("meanwhile")


def _assert_spread(ends: list[float]) -> None:
    """Not in one instant. How far apart clients see it on a busy machine says little more: see the next test."""
    assert max(ends) - min(ends) > len(ends) / PACE / 4


class Ending:
    """A connection that notes when it was asked to end, and does."""

    def __init__(self) -> None:
        self.asked_at = 0.0

    @property
    def closing(self) -> bool:
        return self.asked_at > 0

    def drain(self) -> None:
        self.asked_at = time.monotonic()


async def test_no_more_are_asked_to_go_than_the_pace_allows() -> None:
    connections = [Ending() for _ in range(PACE)]
    began = time.monotonic()
    await draining.spread(connections)
    asked = sorted(each.asked_at - began for each in connections)
    assert all(at > n / PACE - 2 * draining.STEP for n, at in enumerate(asked))


async def test_a_deployment_has_an_end_however_many_there_are() -> None:
    connections = [Ending() for _ in range(20 * PACE)]
    began = time.monotonic()
    await draining.spread(connections)
    assert all(each.closing for each in connections)
    assert time.monotonic() - began < draining.LONGEST_SPREAD + 4


async def test_what_was_asked_for_is_answered_before_the_socket_closes(machine: Machine, home: Home) -> None:
    """Their room is locked while the process is told to end: the commit they wait for comes a second later."""
    names = [f"u{n}" for n in range(5)]
    chats = [await home.workspace.connect(home.workspace.token(name), home.room) for name in names]
    for chat in chats:
        await chat.entered()
        await chat.say("a member now")
    lock = sql.SQL("SELECT FROM {rooms} WHERE name = %s FOR UPDATE").format(**tables(home.schema))
    with machine.database() as db, db.transaction():
        db.execute(lock, [home.room])
        for name, chat in zip(names, chats, strict=True):
            await chat.send("chat_message", message="last words", client_id=name)
        await machine.until_waiting_for_lock()
        old = machine.stack.kill("web-0", signal.SIGTERM)
        await asyncio.sleep(1)
        assert [chat.connection.close_code for chat in chats] == [None] * len(chats)
    for name, chat in zip(names, chats, strict=True):
        await chat.until("chat_message", client_id=name, message="last words", timeout=2)
        assert await chat.closed() == CloseCode.RESTARTING
    await asyncio.to_thread(machine.stack.wait_until_restarted, "web-0", old)
    assert sorted(each.client_id for each in home.stored() if each.body == "last words") == names


async def test_whoever_must_not_be_kept_waiting_is_closed_unanswered_and_asks_again(
    machine: Machine, home: Home
) -> None:
    """With the database asleep nothing can be answered: the process ends all the same, well within its time."""
    async with home.chat("bob", process=0) as bob:
        await bob.entered()
        with machine.frozen("postgres"):
            await bob.send("chat_message", message="into the void", client_id="void")
            old = machine.stack.kill("web-0", signal.SIGTERM)
            assert await bob.closed() == CloseCode.RESTARTING
        await asyncio.to_thread(machine.stack.wait_until_restarted, "web-0", old)
    async with home.chat("bob", process=0) as bob:
        await bob.entered()
        await bob.say("into the void", client_id="void")
    assert [(each.seq, each.client_id) for each in home.stored()] == [(1, "void")]


async def test_with_notice_a_process_serves_on_while_it_says_that_it_is_not_ready(
    stack: Stack, tmp_path: Path
) -> None:
    """As a balancer needs it that asks now and then: it sends nobody any more before anybody is turned away."""
    with product_on(stack.own_env["REDIS_URL"], tmp_path, stack, SNUG_DRAIN_NOTICE=str(NOTICE)) as product:
        machine = Machine(product)
        opened = await asyncio.to_thread(
            giving_back(open_workspace), tuple(product.web_ports), plan="business"
        )
        home = Home.made(machine, opened)
        async with home.chat("bob", process=0) as bob:
            await bob.entered()
            product.kill("web-0", signal.SIGTERM)
            began = time.monotonic()
            async with asyncio.timeout(NOTICE):
                while await asyncio.to_thread(machine.readiness, 0) != 503:
                    await asyncio.sleep(0.02)
            async with home.chat("ann", process=0) as newcomer:
                await newcomer.entered()
                await newcomer.say("still open")
            await bob.until("chat_message", message="still open")
            assert await bob.closed() == CloseCode.RESTARTING
            assert NOTICE <= time.monotonic() - began < NOTICE + 2
        assert machine.readiness(1) == 200
