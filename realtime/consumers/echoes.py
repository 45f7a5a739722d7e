"""Answers that come by way of the room: everyone hears them, and whoever asked hears them with the `ref` they gave."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from realtime.events import Frame
from realtime.outlets import Burst

Key = tuple[str, Any]
# A frame that was lost and made good for by another never comes: what waits for it is forgotten in the end.
MOST_WAITING: Final = 100


class _Head(msgspec.Struct):
    """What tells frames apart."""

    type: str
    message_id: str | None = None
    user_id: str | None = None


class Echo:
    """One answer that is waited for."""

    def __init__(self, echoes: "Echoes", key: Key, ref: str | int | None) -> None:
        self._echoes, self._key, self._ref = echoes, key, ref

    def cancel(self) -> None:
        """It will not come by way of the room."""
        if self._ref is not None:
            self._echoes.forget(self._key)


class Echoes:
    """One a visit. False while nobody waits for anything, which is nearly always."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._refs: dict[Key, str | int] = {}

    def __bool__(self) -> bool:
        return bool(self._refs)

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

    def mark(self, burst: Burst) -> Burst:
        """The same frames, the expected ones with their `ref`."""
        return Burst([self._mark(frame) for frame in burst.frames])

    def _mark(self, frame: Frame) -> Frame:
        head = msgspec.json.decode(frame.payload, type=_Head)
        if head.type == "reaction" and head.user_id != self._user:
            return frame  # somebody else's, to the same message
        ref = self._refs.pop((head.type, head.message_id), None)
        return frame if ref is None else frame.answering(ref)
