"""Questions that are asked at the same moment, put as one.

Whoever asks alone is answered at once. Whoever asks while an answer is under way goes with all who do, in one next
question: a thousand sockets that come back together ask PostgreSQL and Redis some dozens of times, not thousands.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

from realtime.background import Background
from realtime.loop_local import LoopLocal

Key = TypeVar("Key", bound=Hashable)
Question = TypeVar("Question")
Answer = TypeVar("Answer")

MOST_AT_ONCE: Final = 200


class Together(Generic[Key, Question, Answer]):
    """`answer` is given the questions with the same key, in the order in which they were asked, and no others until it
    has returned: an answer each, or the exception that whoever asked gets instead. What it raises, they all get."""

    def __init__(
        self, answer: Callable[[Key, list[Question]], Awaitable[Sequence[Answer | Exception]]]
    ) -> None:
        self._answer = answer
        self._waiting: LoopLocal[dict[Key, list[tuple[Question, asyncio.Future[Answer]]]]] = LoopLocal(dict)
        self._background = Background()

    async def ask(self, key: Key, question: Question) -> Answer:
        """The answer to this one question. Giving up waiting takes nothing back."""
        waiting = self._waiting.get()
        mine: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if key in waiting:
            waiting[key].append((question, mine))
        else:
            waiting[key] = [(question, mine)]
            self._background.run(self._answer_all(waiting, key))
        return await mine

    async def _answer_all(self, waiting: dict[Key, Any], key: Key) -> None:
        while asked := waiting[key][:MOST_AT_ONCE]:
            del waiting[key][:MOST_AT_ONCE]
            try:
                answers = await self._answer(key, [question for question, _ in asked])
            except Exception as error:
                answers = [error] * len(asked)
            for (_, asker), answer in zip(asked, answers, strict=True):
                if asker.done():  # whoever asked has gone
                    continue
                if isinstance(answer, Exception):
                    asker.set_exception(answer)
                else:
                    asker.set_result(answer)
        del waiting[key]
