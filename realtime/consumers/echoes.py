"""Answers that come by way of the room: everyone hears them, and whoever asked hears them with the `ref` they gave."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final

import msgspec
from msgspec import Struct

from realtime import events
from realtime.events import Frame
from realtime.outlets import Burst

Key = tuple[Hashable, ...]
MOST_WAITING: Final = 100


class _Head(Struct):
    """What tells frames apart. A reaction answers neither somebody else's nor another of one's own."""

    type: str
    message_id: str | None = None
    user_id: str | None = None
    emoji: str | None = None
    on: bool | None = None

    @property
    def key(self) -> Key:
        about = (self.user_id, self.emoji, self.on) if self.type == "reaction" else ()
        return (self.type, self.message_id, *about)


class Echo:
    """One answer that is waited for, for as long as a command is carried out; one that fails expects nothing."""

    __slots__ = ("_echoes", "key", "late", "ref")

    def __init__(self, echoes: "Echoes", key: Key, ref: str | int | None) -> None:
        self.key, self.ref = key, ref
        # From which rev on it will not come any more, and is this.
        self.late: tuple[int, Struct] | None = None
        self._echoes = echoes

    def __enter__(self) -> "Echo":
        if self.ref is not None:
            self._echoes.waiting.append(self)
        return self

    def __exit__(self, type_: type[BaseException] | None, error: object, traceback: object) -> None:
        if type_ is not None:
            self.cancel()

    def cancel(self) -> None:
        """It will not come by way of the room."""
        self._echoes.forget(self)

    def written(self, rev: int, answer: Callable[[], Struct]) -> None:
        """The room is told with this `rev`. Where it is repaired from the database instead, it hears only how the
        message stands after later changes too: then the asker gets this `answer`."""
        if self.ref is not None:
            self.late = rev, answer()


class Echoes:
    """One a visit: what whoever asked is still owed by way of the room. Nearly always nothing."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: deque[Echo] = deque(maxlen=MOST_WAITING)

    def expecting(self, ref: str | int | None, type_: str, **about: Any) -> Echo:
        """While a command with this `ref` is carried out, expect this frame; without one, nothing."""
        if ref is None:
            return Echo(self, (), None)
        about = {name: value if isinstance(value, str | bool) else None for name, value in about.items()}
        return Echo(self, _Head(type_, **about).key, ref)

    def forget(self, echo: Echo) -> None:
        if echo in self.waiting:
            self.waiting.remove(echo)

    def mark(self, burst: Burst) -> Burst:
        """The same frames, the expected ones with their `ref`."""
        return Burst([self._mark(frame) for frame in burst.frames])

    def overdue(self, rev: int) -> list[Frame]:
        """The answers that will not come by way of the room any more, now that it stands at `rev`."""
        frames: list[Frame] = []
        for echo in list(self.waiting):
            if echo.late is not None and echo.ref is not None and echo.late[0] <= rev:
                self.waiting.remove(echo)
                frames.append(events.frame(echo.late[1]).answering(echo.ref))
        return frames

    def _mark(self, frame: Frame) -> Frame:
        key = msgspec.json.decode(frame.payload, type=_Head).key
        for echo in self.waiting:
            if echo.key == key and echo.ref is not None:
                self.waiting.remove(echo)
                return frame.answering(echo.ref)
        return frame
