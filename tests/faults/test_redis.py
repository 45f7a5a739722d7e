"""Redis away or asleep: nobody's socket notices, and what it lost in between is made good from the database."""

import asyncio
import time
from collections.abc import Callable

from realtime.events import CloseCode
from tests.faults.conversation import Conversation
from tests.faults.machine import Home, Machine

Report = Callable[[str, object], None]


async def test_a_conversation_goes_on_while_redis_sleeps(machine: Machine, home: Home) -> None:
    async with Conversation(home).going_on() as talk:
        with machine.frozen("valkey"):
            await asyncio.sleep(1)  # what had left before has arrived
            for _ in range(3):
                assert await talk.answered_after(time.monotonic()) < 5
                await talk.for_seconds(0.5)
        assert talk.closes() == []


async def test_a_conversation_goes_on_while_redis_dies_again_and_again(machine: Machine, home: Home) -> None:
    async with Conversation(home).going_on() as talk:
        for _ in range(3):
            recovered = machine.kill("valkey")
            assert await talk.answered_after(time.monotonic()) < 5
            await asyncio.to_thread(recovered)
        assert talk.closes() == []


async def test_the_last_words_before_a_silence_are_heard_after_redis_slept(
    machine: Machine, home: Home
) -> None:
    async with home.pair() as (talking, listening):
        with machine.frozen("valkey"):
            said = [await talking.say(f"while it slept {n}") for n in range(5)]
            await asyncio.sleep(1)
        assert [await listening.until("chat_message", timeout=5) for _ in said] == said
        assert await listening.quiet(1) == []


async def test_the_last_words_before_a_silence_are_heard_after_redis_died(
    machine: Machine, home: Home, record_property: Report
) -> None:
    async with home.pair() as (talking, listening):
        machine.kill("valkey")
        died_at = time.monotonic()
        said = [await talking.say(f"while it was gone {n}") for n in range(5)]
        assert [await listening.until("chat_message", timeout=5) for _ in said] == said
        record_property("heard after", time.monotonic() - died_at)
        assert await listening.quiet(0.5) == []


async def test_a_newcomer_is_refused_and_not_kept_waiting_while_redis_sleeps(
    machine: Machine, home: Home
) -> None:
    async with home.pair():
        with machine.frozen("valkey"):
            began = time.monotonic()
            async with home.chat("cyd", process=0) as refused:
                assert await refused.closed() == CloseCode.INTERNAL
            assert time.monotonic() - began < 8
        async with home.chat("cyd", process=0) as let_in:
            await let_in.entered()


async def test_who_comes_from_a_process_that_knew_more_hears_nothing_twice(
    machine: Machine, home: Home
) -> None:
    async with home.pair() as (talking, listening):
        await talking.say("known to all")
        await listening.until("chat_message")
        seq = home.unannounced("bob", "elsewhere", "heard elsewhere")

        async with home.chat("cyd", process=1, query=f"since={seq}&rev={seq}") as moved:
            online = await moved.entered()
            assert (online["last_seq"], online["last_rev"]) == (seq, seq)
            assert (await moved.next())["messages"] == []
            await talking.say("news")
            assert (await moved.until("chat_message"))["message"] == "news"
            assert [(await listening.until("chat_message"))["seq"] for _ in range(2)] == [seq, seq + 1]


async def test_presence_and_leases_are_made_anew_when_redis_forgot_them(machine: Machine) -> None:
    home = Home.made(machine, machine.workspace())
    async with home.pair() as (_, listening), home.chat("bob", process=1) as second_tab:
        await second_tab.entered()
        await asyncio.to_thread(machine.kill("valkey"))
        assert await _leases(home, 3, within=10) < 10
        async with home.chat("cyd", process=0) as late:
            assert {user["id"] for user in (await late.entered())["users"]} == {"bob", "ann", "cyd"}
        left = await listening.until("user_left", timeout=10)
        assert left["user_id"] == "cyd"
        assert await _leases(home, 3, within=10) < 10


async def test_nobody_is_said_to_have_left_because_redis_was_away_for_long(
    machine: Machine, home: Home
) -> None:
    """Everyone's presence has then lapsed, and no process may sweep the people of another before it has renewed."""
    async with home.pair() as (talking, listening):
        with machine.frozen("web-1"):
            with home.redis() as client, client.pipeline() as pipe:
                pipe.zadd(home.people_key(), {"bob": 1, "ann": 1})
                pipe.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                pipe.execute()
            await asyncio.sleep(1)  # the first process has connected anew and renewed what is its own
            async with home.chat("cyd", process=0) as late:
                await late.entered()
        async with home.chat("dee", process=0) as later:
            users = {user["id"] for user in (await later.entered())["users"]}
            assert users >= {"bob", "cyd", "dee"}
            frames = [*await talking.quiet(2), *await listening.quiet(0.1)]
            assert {frame["type"] for frame in frames} == {"user_joined"}
            assert {frame["user_id"] for frame in frames} == {"cyd", "dee"}


async def _leases(home: Home, count: int, within: float) -> float:
    """Wait until so many connections are counted; the seconds it took."""
    began = time.monotonic()
    while await asyncio.to_thread(home.leases) != count:
        assert time.monotonic() - began < within, f"{home.leases()} leases"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_who_leaves_while_redis_is_gone_is_said_to_have_left_all_the_same(
    machine: Machine, home: Home
) -> None:
    async with home.pair() as (_, listening):
        leaving = [await home.workspace.connect(home.workspace.token(f"u{n}"), home.room) for n in range(5)]
        for n, chat in enumerate(leaving):
            await chat.entered()
            await listening.until("user_joined", user_id=f"u{n}")
        recovered = machine.kill("valkey")  # with all that it knew of them
        await asyncio.gather(*(chat.close() for chat in leaving))
        await asyncio.to_thread(recovered)
        left = [(await listening.until("user_left", timeout=15))["user_id"] for _ in leaving]
        assert sorted(left) == [f"u{n}" for n in range(5)]
