"""One open socket that is fed whatever a test likes, and on which every answer is held to the contract."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

from tests.hostile.contract import Frame, check
from tests.personas import Chat, Workspace


class Line:
    """It stays open over all of a test's examples, and lives in an event loop of its own."""

    def __init__(
        self, workspace: Workspace, sub: str, path: str, process: int = 0, rooms: list[str] | None = None
    ) -> None:
        self._runner = asyncio.Runner()
        self._numbers = itertools.count()
        self._room = path.split("/")[3] if path.startswith("/ws/chat/") else None
        claims: dict[str, Any] = {} if rooms is None else {"rooms": rooms}
        token = workspace.token(sub, **claims)
        self.chat: Chat = self._runner.run(workspace.connect(token, path=path, process=process))
        self.exchange("{}")

    def close(self) -> None:
        self._runner.run(self.chat.close())
        self._runner.close()

    def exchange(self, text: str | bytes, *, until_ref: Any = None) -> list[Frame]:
        """Every frame that comes before the answer to a ping sent right after: the socket lives, and is not behind.

        With `until_ref` at least until the answer with this `ref`: it may come by way of the room, and later.
        """
        return self._runner.run(self._exchange(text, until_ref))

    async def _exchange(self, text: str | bytes, until_ref: Any) -> list[Frame]:
        await self.chat.raw(text)
        mine = f"line {next(self._numbers)}"
        await self.chat.send("ping", ref=mine)
        frames: list[Frame] = []
        ponged = False
        while not ponged or (until_ref is not None and not _answered(frames, until_ref)):
            frame = await self.chat.next()
            check(frame, self._room)
            if frame["type"] == "pong" and frame.get("ref") == mine:
                ponged = True
            else:
                frames.append(frame)
        return frames


def answered_with(text: str) -> Any:
    """The `ref` that some answer must carry, None where none must: the frame has no usable one, or asks for nothing."""
    fields = json.loads(text)
    ref = fields.get("ref")
    if fields.get("type") == "typing" or isinstance(ref, bool):
        return None
    if isinstance(ref, int):
        return ref if abs(ref) <= 2**53 else None
    if isinstance(ref, str) and 1 <= len(ref) <= 64 and "\0" not in ref and ref.isprintable():
        return ref
    return None


def _answered(frames: list[Frame], ref: Any) -> bool:
    """Whether the answer is among them, or the refusal of a frame that was no JSON and so had no `ref`."""
    return any(
        frame.get("ref") == ref
        or (frame["type"] == "error" and frame["error"]["code"] == "INVALID_JSON" and "ref" not in frame)
        for frame in frames
    )
