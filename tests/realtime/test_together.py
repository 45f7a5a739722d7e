"""What is asked at the same moment is asked once; and alarms that share a timer."""

from __future__ import annotations

import asyncio

from realtime.alarms import GRAIN, Alarms
from realtime.together import MOST_AT_ONCE, Together


class Oracle:
    """It answers with ten times the number, when it may."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[int]]] = []
        self.open = asyncio.Event()
        self.together = Together(self.answer)

    async def answer(self, key: str, questions: list[int]) -> list[int | Exception]:
        self.heard.append((key, questions))
        await self.open.wait()
        if 13 in questions:
            raise ConnectionError("gone")
        return [LookupError(str(number)) if number < 0 else number * 10 for number in questions]

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(3):
            while len(self.heard) < times:
                await asyncio.sleep(0)


async def test_those_who_ask_at_once_ask_together_and_the_late_go_with_the_next() -> None:
    oracle = Oracle()
    first = [asyncio.create_task(oracle.together.ask("a", number)) for number in (1, 2)]
    await oracle.until_asked(1)
    late = [asyncio.create_task(oracle.together.ask("a", number)) for number in (3, 4)]
    other = asyncio.create_task(oracle.together.ask("b", 5))
    await oracle.until_asked(2)
    oracle.open.set()
    assert await asyncio.gather(*first, *late, other) == [10, 20, 30, 40, 50]
    assert oracle.heard == [("a", [1, 2]), ("b", [5]), ("a", [3, 4])]


async def test_one_question_too_many_waits_for_the_next_round() -> None:
    oracle = Oracle()
    oracle.open.set()
    await asyncio.gather(*(oracle.together.ask("a", number) for number in range(20, 21 + MOST_AT_ONCE)))
    assert [len(questions) for _, questions in oracle.heard] == [MOST_AT_ONCE, 1]


async def test_a_failure_is_everybodys_and_a_refusal_only_ones_own() -> None:
    oracle = Oracle()
    oracle.open.set()
    good, bad = await asyncio.gather(
        *(oracle.together.ask("a", number) for number in (1, -1)), return_exceptions=True
    )
    assert good == 10
    assert isinstance(bad, LookupError)
    for outcome in await asyncio.gather(
        *(oracle.together.ask("a", number) for number in (1, 13)), return_exceptions=True
    ):
        assert isinstance(outcome, ConnectionError)
    assert await oracle.together.ask("a", 2) == 20


async def test_whoever_gives_up_takes_nobody_along() -> None:
    oracle = Oracle()
    gone, stays = (asyncio.create_task(oracle.together.ask("a", number)) for number in (1, 2))
    await oracle.until_asked(1)
    gone.cancel()
    oracle.open.set()
    assert await stays == 20


class Sleeper:
    def __init__(self, fails: bool = False) -> None:
        self.rang = asyncio.Event()
        self.fails = fails

    def rung(self) -> None:
        self.rang.set()
        if self.fails:
            raise RuntimeError


async def test_alarms_ring_in_time_and_one_that_fails_silences_no_other() -> None:
    alarms, loop = Alarms(), asyncio.get_running_loop()
    sleepers = [Sleeper(fails) for fails in (True, False, True, False)]
    began = loop.time()
    for sleeper in sleepers:
        alarms.set(0.2, sleeper)
    async with asyncio.timeout(3):
        await asyncio.gather(*(sleeper.rang.wait() for sleeper in sleepers))
    assert loop.time() - began >= 0.2 - GRAIN / 100
    assert alarms._moments == {}


async def test_an_alarm_that_is_taken_back_does_not_ring_and_leaves_nothing() -> None:
    alarms = Alarms()
    taken_back, kept = Sleeper(), Sleeper()
    due = alarms.set(0.1, taken_back)
    alarms.set(0.3, kept)
    alarms.cancel(due, taken_back)
    assert len(alarms._moments) == 1
    async with asyncio.timeout(3):
        await kept.rang.wait()
    assert not taken_back.rang.is_set()
    alarms.cancel(due, taken_back)
