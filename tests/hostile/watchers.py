"""Three ways to follow a room: to listen throughout, to come back with `since` and `rev`, and with `since` alone."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.personas import Chat, Workspace

Message = dict[str, Any]


class Notes:
    """What a client knows of a room, by `message_id`; of two states the later one counts."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.seq = self.rev = 0
        self.seqs: list[int] = []  # as messages were first heard of
        self.told: list[tuple[int, str]] = []  # rev and message_id of every durable frame

    def take(self, message: Message) -> None:
        """A message as it stands, live or of a page."""
        known = self.messages.get(message["message_id"])
        if known is None:
            self.seqs.append(message["seq"])
            self.seq = max(self.seq, message["seq"])
        if known is None or known["rev"] <= message["rev"]:
            told = {field: value for field, value in message.items() if field not in ("type", "ref")}
            self.messages[message["message_id"]] = told if "deleted" in told else {"reactions": [], **told}

    def hear(self, frame: dict[str, Any]) -> None:
        """A live frame."""
        match frame["type"]:
            case "chat_message" | "message_edited" | "message_deleted":
                self.take(frame)
            case "reaction":
                self._count(frame)
            case _:
                return
        self.told.append((frame["rev"], frame["message_id"]))
        self.rev = max(self.rev, frame["rev"])

    def resume(self, frame: dict[str, Any], last_rev: int) -> None:
        """What was missed."""
        for message in (*frame["messages"], *frame.get("changed", ())):
            self.take(message)
        self.rev = max(self.rev, last_rev)

    def state(self) -> list[Message]:
        """Every message, in order, its reactions in no order."""
        ordered = sorted(self.messages.values(), key=lambda message: message["seq"])
        return [_comparable(message) for message in ordered]

    def _count(self, frame: dict[str, Any]) -> None:
        message = self.messages[frame["message_id"]]
        if message["rev"] < frame["rev"] and "deleted" not in message:
            others = [each for each in message["reactions"] if each["emoji"] != frame["emoji"]]
            given = [{"emoji": frame["emoji"], "count": frame["count"]}] if frame["count"] else []
            message |= {"rev": frame["rev"], "reactions": others + given}


def _comparable(message: Message) -> Message:
    sums = sorted((each["emoji"], each["count"]) for each in message.get("reactions", ()))
    return message | {"reactions": sums}


async def whole_history(chat: Chat) -> list[Message]:
    """All that the room holds, page by page."""
    notes = Notes()
    await page_through(chat, notes)
    return notes.state()


async def page_through(chat: Chat, notes: Notes) -> None:
    """Read everything again; what comes live meanwhile is noted too."""
    after, more = 0, True
    while more:
        await chat.send("history", after=after, limit=40)
        while (frame := await chat.next())["type"] != "history":
            notes.hear(frame)
        notes.resume(frame, 0)
        more = frame["has_more"]
        after = frame["messages"][-1]["seq"] if more else after


class Watcher:
    """One who follows a room until it stands at `goal`."""

    def __init__(self, workspace: Workspace, room: str, sub: str, chance: random.Random) -> None:
        self.workspace, self.room, self.sub, self.chance = workspace, room, sub, chance
        self.notes = Notes()
        self.goal: int | None = None

    @property
    def done(self) -> bool:
        return self.goal is not None and self.notes.rev >= self.goal

    async def listen(self, here: asyncio.Event) -> None:
        """Over one socket, from the beginning to the end."""
        async with self.workspace.chat(self.workspace.token(self.sub), self.room) as chat:
            await chat.entered()
            here.set()
            await self._hear(chat, None)

    async def come_and_go(self, *, with_rev: bool) -> None:
        """Again and again, on either process, for a moment each time."""
        while not self.done:
            notes = self.notes
            query = f"since={notes.seq}" + (f"&rev={notes.rev}" if with_rev else "")
            process = self.chance.randrange(2)
            token = self.workspace.token(self.sub)
            async with self.workspace.chat(token, self.room, process=process, query=query) as chat:
                online = await chat.entered()
                resumed = await chat.next()
                assert resumed["from_resume"], resumed
                assert [m["seq"] for m in resumed["messages"]] == list(
                    range(notes.seq + 1, online["last_seq"] + 1)
                )
                notes.resume(resumed, online["last_rev"])
                if not with_rev:  # nobody told of changes to what was known: read it again
                    await page_through(chat, notes)
                await self._hear(chat, self.chance.randint(0, 25))

    async def _hear(self, chat: Chat, frames: int | None) -> None:
        """So many frames, None for all that are still to come."""
        while not self.done and frames != 0:
            try:
                self.notes.hear(await chat.next(0.2))
            except TimeoutError:
                if frames is not None:
                    return
                continue
            frames = frames if frames is None else frames - 1
