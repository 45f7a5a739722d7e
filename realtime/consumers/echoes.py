"""Answers that come by way of the room: everyone hears them, and whoever asked hears them with the `ref` they gave."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from realtime.events import Frame
from realtime.outlets import Burst

Key = tuple[str, Any]
MOST_WAITING: Final = 100


class _Head(msgspec.Struct):
    """What tells frames apart."""

    type: str
    message_id: str | None = None
    user_id: str | None = None
    rev: int = 0


class Echo:
    """One answer that is waited for."""

    def __init__(self, echoes: "Echoes", key: Key, ref: str | int | None) -> None:
        self._echoes, self._key, self._ref = echoes, key, ref

    def cancel(self) -> None:
        """It will not come by way of the room."""
        if self._ref is not None:
            self._echoes.forget(self._key)

    def written(self, rev: int) -> None:
        """It has this `rev`. Where it has not come yet, the room is being repaired from the database: then the first
        that is heard of the message is the answer."""
        if self._ref is not None:
            self._echoes.expect_late(self._key, rev)


class Echoes:
    """One a visit. False while nobody waits for anything, which is nearly always."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._refs: dict[Key, str | int] = {}
        self._late: dict[Any, tuple[int, str | int]] = {}  # by message_id: from which rev on

    def __bool__(self) -> bool:
        return bool(self._refs or self._late)

    @contextmanager
    def expecting(self, ref: str | int | None, type_: str, message_id: object) -> Iterator[Echo]:
        """While a command with this `ref` is carried out, expect this frame; one that fails expects nothing."""
        key = (type_, message_id if isinstance(message_id, str) else None)
        if ref is not None:
            if len(self._refs) >= MOST_WAITING:
                self._refs.clear()
            self._refs[key] = ref
        echo = Echo(self, key, ref)
        try:
            yield echo
        except BaseException:
            echo.cancel()
            raise

    def forget(self, key: Key) -> None:
        self._refs.pop(key, None)

    def expect_late(self, key: Key, rev: int) -> None:
        if (ref := self._refs.pop(key, None)) is not None:
            if len(self._late) >= MOST_WAITING:
                self._late.clear()
            self._late[key[1]] = (rev, ref)

    def mark(self, burst: Burst) -> Burst:
        """The same frames, the expected ones with their `ref`."""
        return Burst([self._mark(frame) for frame in burst.frames])

    def _mark(self, frame: Frame) -> Frame:
        head = msgspec.json.decode(frame.payload, type=_Head)
        ref = self._ref_of(head)
        return frame if ref is None else frame.answering(ref)

    def _ref_of(self, head: _Head) -> str | int | None:
        late = self._late.get(head.message_id)
        if late is not None and head.rev >= late[0]:
            return self._late.pop(head.message_id)[1]
        if head.type == "reaction" and head.user_id != self._user:
            return None  # somebody else's, to the same message
        return self._refs.pop((head.type, head.message_id), None)
