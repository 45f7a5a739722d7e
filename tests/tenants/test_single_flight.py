"""Whoever asks what is being asked already waits for that answer."""

import asyncio

import pytest

from tenants.single_flight import SingleFlight


class Asked:
    """A question that is answered when the test says so."""

    def __init__(self) -> None:
        self.times = 0
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.times += 1
        return await self.answer


async def test_five_hundred_at_once_are_one_question() -> None:
    flight, asked = SingleFlight[str](), Asked()
    asking = [asyncio.create_task(flight.ask("key", asked)) for _ in range(500)]
    await asyncio.sleep(0)
    asked.answer.set_result("found")
    assert set(await asyncio.gather(*asking)) == {"found"}
    assert asked.times == 1


async def test_another_key_is_another_question_and_so_is_the_next_one() -> None:
    flight, asked = SingleFlight[str](), Asked()
    asked.answer.set_result("found")
    await asyncio.gather(flight.ask("key", asked), flight.ask("other", asked))
    await flight.ask("key", asked)
    assert asked.times == 3


async def test_whoever_asked_first_may_go_before_the_others_have_their_answer() -> None:
    flight, asked = SingleFlight[str](), Asked()
    first, second = (asyncio.create_task(flight.ask("key", asked)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    asked.answer.set_result("found")
    assert await second == "found"
    assert asked.times == 1


async def test_a_failure_is_everybodys_and_is_not_remembered() -> None:
    flight, asked, again = SingleFlight[str](), Asked(), Asked()
    asking = [asyncio.create_task(flight.ask("key", asked)) for _ in range(2)]
    await asyncio.sleep(0)
    asked.answer.set_exception(OSError("away"))
    for each in asking:
        with pytest.raises(OSError, match="away"):
            await each
    again.answer.set_result("found")
    assert await flight.ask("key", again) == "found"
