"""Turns at making pictures anew, which takes memory and seconds of a core: one at a time in each process.

Each workspace stands in the queue once, and whoever came first is first: one that sends a hundred pictures keeps
another one waiting for one of them. So does each user in the queue of their workspace; its guests, of whom anyone can
be many, stand there together as one.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Lock
from typing import Final
from weakref import WeakValueDictionary

# Seconds in which it must be one's turn: who has hung up meanwhile holds a place no longer than that.
PATIENCE: Final = 15.0
# Any of them: no member has this number.
GUESTS: Final = 0


class Busy(Exception):
    """Too many others are at it."""


class Queue:
    """A lock that goes to whoever has waited longest: threading's own goes to anyone."""

    def __init__(self) -> None:
        self._changing = Lock()
        self._taken = False
        self._waiting: deque[Event] = deque()

    def take(self, deadline: float) -> None:
        """Raises Busy when `deadline`, on the monotonic clock, has passed."""
        mine = Event()
        with self._changing:
            if not self._taken:
                self._taken = True
                return
            self._waiting.append(mine)
        if mine.wait(max(0.0, deadline - time.monotonic())):
            return
        with self._changing:
            if mine not in self._waiting:  # handed over in this very moment
                return
            self._waiting.remove(mine)
        raise Busy

    def give(self) -> None:
        """To the next one, if there is one."""
        with self._changing:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False


_all: Final = Queue()
# By schema, and who of it; gone when none of them waits.
_of_one: Final[WeakValueDictionary[tuple[str, int | None], Queue]] = WeakValueDictionary()
_finding: Final = Lock()


@contextmanager
def turn(schema: str, who: int) -> Iterator[None]:
    """A turn for the length of the block, for a member of a workspace or for `GUESTS`. Raises Busy."""
    deadline = time.monotonic() + PATIENCE
    with _finding:
        mine, ours = (_of_one.setdefault((schema, each), Queue()) for each in (who, None))
    with ExitStack() as taken:
        for queue in (mine, ours, _all):
            queue.take(deadline)
            taken.callback(queue.give)
        yield
