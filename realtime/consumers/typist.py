"""That somebody types: told to the others, and ended by itself."""

import asyncio
from collections.abc import Callable
from typing import Final

TYPING_LAPSES: Final = 6.0


class Typist:
    """One a visit. `tell` says it to the room; `may_tell` is False where nobody should be told again so soon."""

    def __init__(self, tell: Callable[[bool], None], may_tell: Callable[[], bool]) -> None:
        self._tell = tell
        self._may_tell = may_tell
        self._is_typing = False  # as the room knows it
        self._timer: asyncio.TimerHandle | None = None

    def type(self, is_typing: bool, *, seen: bool = True) -> None:
        """They type, or have stopped. Where they are not to be `seen` typing, only an end is told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not seen:
            if not self._is_typing:
                return
            is_typing = False
        if is_typing:
            self._timer = asyncio.get_running_loop().call_later(TYPING_LAPSES, self.type, False)
        may_tell = self._may_tell()
        if not may_tell and (is_typing or not self._is_typing):
            return  # everyone in the room would pay for it; that typing has ended they hear in any case
        self._is_typing = is_typing
        self._tell(is_typing)

    def leave(self) -> None:
        """Whoever leaves types no longer."""
        if self._timer is not None:
            self.type(False)
