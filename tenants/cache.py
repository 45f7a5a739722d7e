"""Answers that are good for a moment: with an end, a bound, and nothing that was overtaken while it was on its way."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(msgspec.Struct, Generic[V], frozen=True):
    """An answer, which may be None, and until when it is good on the monotonic clock."""

    answer: V
    until: float


class Cache(Generic[K, V]):
    """At most `most` answers; a full cache begins anew, for its keys may be of a stranger's choosing.

    Whoever asks takes `generation` before, and hands it to `keep` with the answer. A cache that was emptied meanwhile
    does not take it: it may be from before the change that emptied it, and would live on for as long as answers do.
    """

    def __init__(self, most: int) -> None:
        self.generation = 0
        self._most = most
        self._kept: dict[K, Kept[V]] = {}

    def get(self, key: K) -> Kept[V] | None:
        """The answer that is still good, if there is one."""
        kept = self._kept.get(key)
        return kept if kept is not None and kept.until > time.monotonic() else None

    def keep(self, key: K, answer: V, seconds: float, asked_in: int) -> V:
        """Remember an answer that was asked for in a generation, and pass it on."""
        if len(self._kept) >= self._most:
            self._kept.clear()
        if asked_in == self.generation:
            self._kept[key] = Kept(answer, time.monotonic() + seconds)
        return answer

    def forget(self, among: Callable[[K], bool] | None = None) -> None:
        """Drop every answer, or those whose key is among some."""
        self.generation += 1
        if among is None:
            self._kept.clear()
        else:
            for key in [key for key in self._kept if among(key)]:
                self._kept.pop(key, None)
