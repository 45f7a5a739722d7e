"""Commands in any order, by two people in several rooms over sockets of two processes: each is answered as a model of
the room says, and in the end the rooms hold what the model holds."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.hostile import ledger
from tests.hostile.anything import BOUNDED
from tests.hostile.line import Line
from tests.hostile.model import Room, Said
from tests.personas import Workspace

PEOPLE = st.integers(0, 1)
# The first room is where most is said; the others are for going in and out.
ROOMS = st.sampled_from([0, 0, 0, 0, 1, 2])
WHICH = st.sampled_from([0, 0, 0, 1, 2, 3])
NAMES = st.sampled_from([None, "c1", "c2"])
EMOJI = st.sampled_from(["👍", ":tada:"])
SEQS = st.none() | st.integers(0, 6)
NO_MESSAGE = "00000000-0000-4000-8000-000000000000"


class Conversation(RuleBasedStateMachine):
    """Two sockets, three rooms that are made as they are first entered, and the model of them."""

    target: Workspace

    @initialize()
    def begin(self) -> None:
        mark = secrets.token_hex(4)
        self.people = [f"ann-{mark}", f"bob-{mark}"]
        self.names = [f"r{number}-{mark}" for number in range(3)]
        self.rooms = [Room() for _ in self.names]
        self.joined: set[tuple[int, int]] = set()
        self.asked = 0
        self.lines = [
            Line(self.target, person, "/ws/", process=process, rooms=self.names)
            for process, person in enumerate(self.people)
        ]

        self.join(0, 0, None, None)
        self.join(1, 0, None, None)

    def teardown(self) -> None:
        for line in getattr(self, "lines", ()):
            for number, name in enumerate(self.names):
                self._ask(self.lines.index(line), "join", number)
                page = self._ask(self.lines.index(line), "history", number, limit=100)
                assert self._shows(self.rooms[number].messages, page["messages"]), name
            line.close()

    # ---- asking

    def _ask(self, who: int, type_: str, where: int | None = None, **fields: Any) -> dict[str, Any]:
        """The answer to a command; frames that came before it are in `self.heard`."""
        self.asked += 1
        room = {} if where is None else {"room": self.names[where]}
        command = {"type": type_, "ref": self.asked, **room, **fields}
        frames = self.lines[who].exchange(json.dumps(command), until_ref=self.asked)
        self.heard = [frame for frame in frames if frame.get("ref") != self.asked]
        [answer] = [frame for frame in frames if frame.get("ref") == self.asked]
        return answer

    def _ask_in(self, who: int, where: int, type_: str, **fields: Any) -> dict[str, Any] | None:
        """The answer, None where the room was not joined and the answer said so."""
        answer = self._ask(who, type_, where, **fields)
        if (who, where) in self.joined:
            return answer
        assert _refusal(answer) == "FORBIDDEN", answer
        return None

    def _one(self, where: int, which: int) -> Said | None:
        messages = self.rooms[where].messages
        return messages[which] if which < len(messages) else None

    @staticmethod
    def _shows(messages: list[Said], told: list[dict[str, Any]]) -> bool:
        pairs = zip(messages, told, strict=False)
        return len(messages) == len(told) and all(each.is_shown_by(frame) for each, frame in pairs)

    # ---- what may be asked

    @rule(who=PEOPLE, where=ROOMS, since=SEQS, rev=SEQS)
    def join(self, who: int, where: int, since: int | None, rev: int | None) -> None:
        room = self.rooms[where]
        answer = self._ask(who, "join", where, since=since, rev=rev)
        self.joined.add((who, where))
        assert (answer["type"], answer["last_seq"]) == ("online_users", len(room.messages))
        assert answer["last_rev"] == room.rev
        [joined] = [f for f in self.heard if f["type"] == "user_joined" and f["user_id"] == self.people[who]][
            -1:
        ]
        assert joined["room"] == self.names[where]
        resumed = [frame for frame in self.heard if frame["type"] == "history"]
        assert len(resumed) == (since is not None)
        if since is not None:
            assert self._shows(room.messages[since:], resumed[0]["messages"])
            older = [] if rev is None else [each for each in room.messages[:since] if each.rev > rev]
            assert self._shows(sorted(older, key=lambda each: each.rev), resumed[0]["changed"])

    @rule(who=PEOPLE, where=ROOMS)
    def leave(self, who: int, where: int) -> None:
        if answer := self._ask_in(who, where, "leave"):
            assert answer == {"type": "left", "room": self.names[where], "ref": self.asked}
            self.joined.remove((who, where))

    @rule(who=PEOPLE, where=ROOMS, text=st.sampled_from(["one", "two", "\u202eeno"]), name=NAMES)
    def say(self, who: int, where: int, text: str, name: str | None) -> None:
        room, sender = self.rooms[where], self.people[who]
        answer = self._ask_in(who, where, "chat_message", message=text, client_id=name)
        if answer is None:
            return
        said = room.named(sender, name)
        if said is None:
            said = Said(answer["message_id"], len(room.messages) + 1, 0, sender, text, name)
            room.messages.append(said)
            room.changed(said)
        assert answer["type"] == ("message_deleted" if said.deleted else "chat_message")
        assert said.is_shown_by(answer), (said, answer)

    @rule(who=PEOPLE, where=ROOMS, which=WHICH, text=st.sampled_from(["one", "three", " three "]))
    def edit(self, who: int, where: int, which: int, text: str) -> None:
        said = self._one(where, which)
        message_id = said.message_id if said else NO_MESSAGE
        answer = self._ask_in(who, where, "edit_message", message_id=message_id, message=text)
        if answer is None or self._refused(answer, said, who):
            return
        assert said
        if said.text != text.strip():
            said.text = text.strip()
            self.rooms[where].changed(said)
        assert answer["type"] == "message_edited"
        assert said.is_shown_by(answer), (said, answer)

    @rule(who=PEOPLE, where=ROOMS, which=WHICH)
    def delete(self, who: int, where: int, which: int) -> None:
        said = self._one(where, which)
        message_id = said.message_id if said else NO_MESSAGE
        answer = self._ask_in(who, where, "delete_message", message_id=message_id)
        if answer is None or self._refused(answer, said, who, gone=False):
            return
        assert said
        if not said.deleted:
            said.deleted = True
            self.rooms[where].changed(said)
        assert answer["type"] == "message_deleted"
        assert said.is_shown_by(answer), (said, answer)

    def _refused(self, answer: dict[str, Any], said: Said | None, who: int, *, gone: bool = True) -> bool:
        """Whether it must have been refused, as a change of what one did not say oneself, or what is not there."""
        if said is None or (said.sender == self.people[who] and said.deleted and gone):
            assert _refusal(answer) == "NOT_FOUND", answer
            return True
        if said.sender != self.people[who]:
            assert _refusal(answer) == "FORBIDDEN", answer
            return True
        return False

    @rule(who=PEOPLE, where=ROOMS, which=WHICH, emoji=EMOJI, on=st.booleans())
    def react(self, who: int, where: int, which: int, emoji: str, on: bool) -> None:
        said = self._one(where, which)
        message_id = said.message_id if said else NO_MESSAGE
        answer = self._ask_in(who, where, "react", message_id=message_id, emoji=emoji, on=on)
        if answer is None:
            return
        if said is None or said.deleted:
            assert _refusal(answer) == "NOT_FOUND", answer
            return
        people = said.given.setdefault(emoji, set())
        if (self.people[who] in people) != on:
            people ^= {self.people[who]}
            self.rooms[where].changed(said)
        told = (answer["type"], answer["message_id"], answer["seq"], answer["rev"])
        assert told == ("reaction", said.message_id, said.seq, said.rev)
        assert (answer["user_id"], answer["on"], answer["count"]) == (self.people[who], on, len(people))

    @rule(who=PEOPLE, where=ROOMS, seq=st.integers(0, 6))
    def read(self, who: int, where: int, seq: int) -> None:
        room = self.rooms[where]
        answer = self._ask_in(who, where, "read", seq=seq)
        if answer is None:
            return
        if seq > len(room.messages):
            assert _refusal(answer) == "INVALID_FIELD", answer
            return
        room.read[self.people[who]] = max(seq, room.read.get(self.people[who], 0))
        assert (answer["type"], answer["count"]) == ("unread", room.unread(self.people[who]))

    @rule(who=PEOPLE, where=ROOMS, before=SEQS, after=SEQS, limit=st.integers(1, 4))
    def history(self, who: int, where: int, before: int | None, after: int | None, limit: int) -> None:
        answer = self._ask_in(who, where, "history", before=before, after=after, limit=limit)
        if answer is None:
            return
        if before is not None and after is not None:
            assert _refusal(answer) == "INVALID_FIELD", answer
            return
        messages, more = self.rooms[where].page(before, after, limit)
        assert self._shows(messages, answer["messages"])
        assert answer["has_more"] == more

    @rule(who=PEOPLE, where=ROOMS, is_typing=st.booleans())
    def typing(self, who: int, where: int, is_typing: bool) -> None:
        command = {"type": "typing", "room": self.names[where], "is_typing": is_typing}
        refusals = [_refusal(frame) for frame in self.lines[who].exchange(json.dumps(command))]
        assert ("FORBIDDEN" in refusals) == ((who, where) not in self.joined)

    @rule(who=PEOPLE, whole=st.booleans())
    def refresh_token(self, who: int, whole: bool) -> None:
        """With a token for fewer rooms, one is shown out of the others."""
        names = self.names if whole else self.names[:2]
        token = self.target.token(self.people[who], rooms=names)
        assert self._ask(who, "refresh_token", token=token)["type"] == "token_refreshed"
        if not whole:
            shown_out = {frame["room"] for frame in self.heard if frame["type"] == "left"}
            assert shown_out == ({self.names[2]} if (who, 2) in self.joined else set())
            self.joined.discard((who, 2))
            assert _refusal(self._ask(who, "join", 2)) == "FORBIDDEN"
            token = self.target.token(self.people[who], rooms=self.names)
            self._ask(who, "refresh_token", token=token)

    @rule(who=PEOPLE)
    def refresh_with_somebody_elses_token(self, who: int) -> None:
        token = self.target.token(self.people[1 - who], rooms=self.names)
        assert _refusal(self._ask(who, "refresh_token", token=token)) == "FORBIDDEN"

    @rule(who=PEOPLE)
    def come_back(self, who: int) -> None:
        """A socket that breaks off leaves nothing behind."""
        self.lines[who].close()
        self.lines[who] = Line(self.target, self.people[who], "/ws/", process=who, rooms=self.names)
        self.joined = {pair for pair in self.joined if pair[0] != who}
        self.join(who, 0, None, None)


def _refusal(frame: dict[str, Any]) -> str | None:
    return frame["error"]["code"] if frame["type"] == "error" else None


def test_commands_in_any_order_do_what_the_model_does(
    target: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conversation, "target", target, raising=False)
    run_state_machine_as_test(
        Conversation, settings=settings(BOUNDED, max_examples=20, stateful_step_count=50)
    )
    ledger.check(target)
