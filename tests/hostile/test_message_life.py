"""Several people write, repeat, edit, delete and react over sockets of both processes, all at once. Whoever listened
throughout, whoever came and went, and whoever reads it afterwards know the same, and what the writers were told."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from tests.hostile import ledger
from tests.hostile.watchers import Watcher, whole_history
from tests.personas import Chat, Workspace

WRITERS, STEPS = 4, 60


class Writer:
    """One who acts by chance, one command at a time, over a socket at each process; and what they were told."""

    def __init__(self, sub: str, chance: random.Random, everyones: list[str]) -> None:
        self.sub, self.chance, self.everyones = sub, chance, everyones
        self.texts: dict[str, str | None] = {}  # of one's own messages; None where it is deleted
        self.names: dict[str, str] = {}  # message_id by client_id
        self.given: dict[tuple[str, str], bool] = {}
        self.revs: dict[int, str] = {}  # which message each change was of
        self.asked = 0

    async def run(self, workspace: Workspace, room: str) -> None:
        token = workspace.token(self.sub)
        async with (
            workspace.chat(token, room, process=0) as one,
            workspace.chat(token, room, process=1) as other,
        ):
            acts = [self.say, self.say, self.say, self.repeat, self.twice, self.edit, self.delete]
            for _ in range(STEPS):
                act = self.chance.choice([*acts, self.react, self.react, self.react])
                await act(*self.chance.sample([one, other], 2))

    async def ask(self, chat: Chat, type_: str, **fields: Any) -> dict[str, Any]:
        """The answer to a command."""
        self.asked += 1
        await chat.send(type_, ref=self.asked, **fields)
        while True:
            frame = await chat.next()
            if frame.get("ref") == self.asked:
                if "rev" in frame:
                    self.revs[frame["rev"]] = frame["message_id"]
                return frame

    async def say(self, chat: Chat, _: Chat) -> None:
        name = f"{self.sub} {len(self.names)}"
        answer = await self.ask(chat, "chat_message", message=f"says {name}", client_id=name)
        assert (answer["type"], answer["client_id"]) == ("chat_message", name)
        self._note(answer["message_id"], name)

    async def twice(self, one: Chat, other: Chat) -> None:
        """The same message at both processes at the same moment: it is one."""
        name = f"{self.sub} {len(self.names)}"
        self.asked += 1
        text = json.dumps(
            {
                "type": "chat_message",
                "message": f"says {name}",
                "client_id": name,
                "ref": self.asked,
            }
        )
        await asyncio.gather(one.raw(text), other.raw(text))
        answers = [await chat.until("chat_message", ref=self.asked) for chat in (one, other)]
        assert answers[0]["message_id"] == answers[1]["message_id"]
        assert answers[0]["seq"] == answers[1]["seq"]
        self.revs[answers[0]["rev"]] = answers[0]["message_id"]
        self._note(answers[0]["message_id"], name)

    async def repeat(self, chat: Chat, _: Chat) -> None:
        if self.names:
            name = self.chance.choice(list(self.names))
            answer = await self.ask(chat, "chat_message", message="something else", client_id=name)
            assert answer["message_id"] == self.names[name]
            assert answer.get("message") == self.texts[self.names[name]]

    async def edit(self, chat: Chat, _: Chat) -> None:
        if self.texts:
            message_id = self.chance.choice(list(self.texts))
            text = self.chance.choice(["edited once", "edited twice"])
            answer = await self.ask(chat, "edit_message", message_id=message_id, message=text)
            if self.texts[message_id] is None:
                assert answer["error"]["code"] == "NOT_FOUND"
            else:
                assert (answer["type"], answer["message"]) == ("message_edited", text)
                self.texts[message_id] = text

    async def delete(self, chat: Chat, _: Chat) -> None:
        if self.texts:
            message_id = self.chance.choice(list(self.texts))
            answer = await self.ask(chat, "delete_message", message_id=message_id)
            assert answer["type"] == "message_deleted"
            self.texts[message_id] = None

    async def react(self, chat: Chat, _: Chat) -> None:
        if self.everyones:
            message_id, emoji = self.chance.choice(self.everyones[-8:]), self.chance.choice("👍🎈")
            on = self.chance.random() < 0.6
            answer = await self.ask(chat, "react", message_id=message_id, emoji=emoji, on=on)
            if answer["type"] == "error":
                assert answer["error"]["code"] == "NOT_FOUND"  # it was deleted meanwhile
            else:
                self.given[message_id, emoji] = on

    def _note(self, message_id: str, name: str) -> None:
        self.names[name] = message_id
        self.texts[message_id] = f"says {name}"
        self.everyones.append(message_id)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_all_who_follow_a_room_know_the_same_in_the_end(target: Workspace, seed: int) -> None:
    room, chance = f"life-{seed}", random.Random(seed)
    with target.api() as api:
        api.post("/api/v1/rooms", json={"name": room}).raise_for_status()
    listener, returner, forgetful = (
        Watcher(target, room, f"{kind}-{seed}", random.Random(seed + number))
        for number, kind in enumerate(("listener", "returner", "forgetful"))
    )
    everyones: list[str] = []
    writers = [
        Writer(f"w{number}-{seed}", random.Random(chance.random()), everyones) for number in range(WRITERS)
    ]
    here = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(listener.listen(here))
        await here.wait()
        group.create_task(returner.come_and_go(with_rev=True))
        group.create_task(forgetful.come_and_go(with_rev=False))
        await asyncio.gather(*(writer.run(target, room) for writer in writers))
        async with target.chat(target.token(f"late-{seed}"), room, process=1) as late:
            goal = (await late.entered())["last_rev"]
            stands = await whole_history(late)
        for watcher in (listener, returner, forgetful):
            watcher.goal = goal

    changes = {rev: message_id for writer in writers for rev, message_id in writer.revs.items()}
    _check_revs(listener.notes.told, goal, changes)
    for watcher in (listener, returner, forgetful):
        assert watcher.notes.seqs == list(range(1, len(stands) + 1)), watcher.sub
        assert watcher.notes.state() == stands, watcher.sub
    assert _told(stands) == _as_told_to(writers)
    ledger.check(target)


def _check_revs(told: list[tuple[int, str]], goal: int, changes: dict[int, str]) -> None:
    """Every change once, and those of a message in order. Where a publish was late, under load, the message's next
    state stands for it, and a new message comes before older ones that have changed."""
    revs = [rev for rev, _ in told]
    assert len(revs) == len(set(revs))
    assert max(revs) == goal
    for message_id in {message_id for _, message_id in told}:
        own = [rev for rev, other in told if other == message_id]
        assert own == sorted(own)
    for skipped in set(changes) - set(revs):
        assert any(rev > skipped and other == changes[skipped] for rev, other in told), skipped


def _told(stands: list[dict[str, Any]]) -> dict[str, Any]:
    """Text and sums by message_id; None for a deleted one."""
    return {
        each["message_id"]: None if "deleted" in each else (each["message"], dict(each["reactions"]))
        for each in stands
    }


def _as_told_to(writers: list[Writer]) -> dict[str, Any]:
    texts = {message_id: text for writer in writers for message_id, text in writer.texts.items()}
    sums: dict[str, dict[str, int]] = {message_id: {} for message_id in texts}
    for writer in writers:
        for (message_id, emoji), on in writer.given.items():
            if on:
                sums[message_id][emoji] = sums[message_id].get(emoji, 0) + 1
    return {
        message_id: None if text is None else (text, sums[message_id]) for message_id, text in texts.items()
    }
