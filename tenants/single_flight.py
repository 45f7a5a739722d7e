"""One question at a time: when five hundred come at once and the cache has just gone cold, one of them asks."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """What is being asked right now, by key. Belongs to one event loop."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    async def ask(self, key: Hashable, question: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer to `question`, or to the same one that somebody asked a moment ago; it raises for all of them."""
        flight = self._flights.get(key)
        if flight is None:
            # A task of its own: whoever asked first may go before the others have their answer.
            flight = self._flights[key] = asyncio.get_running_loop().create_task(question())
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _landed(self, key: Hashable, flight: "asyncio.Task[T]") -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # heard, even where everybody who asked has gone
