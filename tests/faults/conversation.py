"""People who talk while things break: good clients, and strict witnesses.

Senders keep what was not acknowledged and send it again after a reconnect, under the same client_id; now and then they
edit, like or delete what they said. Readers come back with `since` and `rev`, and hold the server to its word: every
message once, in order, with nothing left out, and in the end as it stands.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.faults.machine import Home
from tests.personas import Chat, Refused

# Below the plan's rate even when everything unacknowledged is sent again.
PAUSE = 0.15
MOST_OPEN = 4
CHANGED = 0.15  # of one's own messages
SETTLED_WITHIN = 30.0
GONE = (ConnectionClosed, OSError, InvalidHandshake, TimeoutError, Refused, EOFError)


class Client:
    """Stays connected: comes back with growing pauses, to the same process."""

    def __init__(self, home: Home, name: str, process: int) -> None:
        self.home, self.name, self.process = home, name, process
        self.token = home.workspace.token(name)
        self.closes: list[int] = []
        self.refusals: list[int] = []
        self.entries: list[float] = []
        self.done = False

    def query(self) -> str:
        return ""

    async def heed(self, chat: Chat, frame: dict[str, Any]) -> None:
        """One frame from the server."""

    async def connected(self, chat: Chat) -> None:
        """The entry frames have come."""

    def ended(self, code: int) -> None:
        """A socket of theirs was closed."""
        self.closes.append(code)

    async def run(self) -> None:
        pause = 0.1
        while not self.done:
            try:
                chat = await self.home.workspace.connect(
                    self.token, self.home.room, process=self.process, query=self.query()
                )
            except GONE as error:
                if isinstance(error, Refused):
                    self.refusals.append(error.code)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 2, 1.0)
                continue
            with contextlib.suppress(*GONE):
                async with contextlib.aclosing(_Closing(chat)):
                    await self.heed(chat, await chat.entered())
                    pause = 0.1
                    self.entries.append(time.monotonic())
                    await self.connected(chat)
                    while True:
                        await self.heed(chat, await chat.next(timeout=3600))
            if not self.done:
                self.ended(chat.connection.close_code or 1006)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 2, 1.0)


class _Closing:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    async def aclose(self) -> None:
        with contextlib.suppress(Exception):
            self._chat.connection.transport.abort()


class Sender(Client):
    """Says something every PAUSE seconds, and keeps it until it is acknowledged."""

    def __init__(self, home: Home, name: str, process: int) -> None:
        super().__init__(home, name, process)
        self.said = 0
        self.open: dict[str, str] = {}
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.times: list[float] = []
        self.errors: list[str] = []
        self.wrong: list[str] = []
        # By message_id: what was asked and not answered yet, and what was.
        self.changing: dict[str, dict[str, Any]] = {}
        self.changed: dict[str, dict[str, Any]] = {}
        self.quiet = False
        self._chat: Chat | None = None

    async def connected(self, chat: Chat) -> None:
        self._chat = chat
        for client_id, text in list(self.open.items()):
            await chat.send("chat_message", message=text, client_id=client_id)
        for change in list(self.changing.values()):
            await chat.send(**change)

    async def heed(self, chat: Chat, frame: dict[str, Any]) -> None:
        if frame["type"] == "chat_message" and frame["user_id"] == self.name:
            client_id = frame["client_id"]
            before = self.acknowledged.setdefault(client_id, frame)
            if (before["message_id"], before["seq"]) != (frame["message_id"], frame["seq"]):
                self.wrong.append(f"{client_id} was acknowledged as {before['seq']} and as {frame['seq']}")
            self.times.append(time.monotonic())
            if self.open.pop(client_id, None) and random.random() < CHANGED and not self.quiet:
                await self._change(chat, frame)
        elif frame["type"] == "error":
            self.errors.append(frame["error"]["code"])
            asyncio.get_running_loop().call_later(
                frame.get("retry_after", 1.0), lambda: asyncio.ensure_future(self._again(chat, frame))
            )
        elif frame.get("ref") in self.changing:
            self.changed[frame["ref"]] = self.changing.pop(frame["ref"])

    async def _change(self, chat: Chat, message: dict[str, Any]) -> None:
        id_ = message["message_id"]
        self.changing[id_] = {
            "ref": id_,
            "message_id": id_,
            **random.choice(
                [
                    {"type_": "edit_message", "message": f"{message['message']}, or so"},
                    {"type_": "react", "emoji": "👍", "on": True},
                    {"type_": "delete_message"},
                ]
            ),
        }
        await chat.send(**self.changing[id_])

    async def _again(self, chat: Chat, refused: dict[str, Any]) -> None:
        client_id, ref = refused.get("client_id"), refused.get("ref")
        with contextlib.suppress(*GONE):
            if chat is self._chat and client_id in self.open:
                await chat.send("chat_message", message=self.open[client_id], client_id=client_id)
            elif chat is self._chat and ref in self.changing:
                await chat.send(**self.changing[ref])

    async def talk(self) -> None:
        """Go on until told to be quiet."""
        while not self.quiet:
            await asyncio.sleep(PAUSE * random.uniform(0.7, 1.3))
            if len(self.open) >= MOST_OPEN:
                continue
            self.said += 1
            client_id, text = f"{self.name}-{self.said}", f"{self.name} says {self.said}"
            self.open[client_id] = text
            if self._chat is not None:
                with contextlib.suppress(*GONE):
                    await self._chat.send("chat_message", message=text, client_id=client_id)


class Reader(Client):
    """Writes down every message, and every breach of order."""

    def __init__(self, home: Home, name: str, process: int) -> None:
        super().__init__(home, name, process)
        self.seen: list[dict[str, Any]] = []
        self.state: dict[str, dict[str, Any]] = {}  # of each message, as this reader knows it
        self.seq = self.rev = 0
        self.wrong: list[str] = []

    def query(self) -> str:
        return f"since={self.seq}&rev={self.rev}"

    async def heed(self, chat: Chat, frame: dict[str, Any]) -> None:
        if frame["type"] == "history" and frame.get("from_resume"):
            for message in frame["messages"]:
                self._note(message, "a resume")
            for message in frame["changed"]:
                self._note_changed(message)
        elif frame["type"] == "chat_message" or (
            frame["type"] == "message_deleted" and frame["message_id"] not in self.state
        ):
            self._note(frame, "live")
        elif frame["type"] in ("message_edited", "message_deleted"):
            self._note_changed(frame)
        elif frame["type"] == "reaction":
            message = self.state[frame["message_id"]]
            reactions = [each for each in message["reactions"] if each["emoji"] != frame["emoji"]]
            reactions += [{"emoji": frame["emoji"], "count": frame["count"]}] if frame["count"] else []
            self._note_changed(message | {"reactions": reactions, "rev": frame["rev"]})

    def _note_changed(self, message: dict[str, Any]) -> None:
        if message["message_id"] not in self.state:
            self.wrong.append(f"a change of {message['seq']}, of which nothing was heard")
        self.state[message["message_id"]] = message
        self.rev = max(self.rev, message["rev"])

    def _note(self, message: dict[str, Any], how: str) -> None:
        if message["seq"] != self.seq + 1:
            self.wrong.append(f"{how}: {message['seq']} after {self.seq} (process {self.process})")
        self.seq, self.rev = message["seq"], max(self.rev, message["rev"])
        self.seen.append(message)
        self.state[message["message_id"]] = message


class Conversation:
    """Senders and readers on every web process, in one room."""

    def __init__(self, home: Home, *, senders: int = 2, readers: int = 2) -> None:
        """`senders` and `readers` a process."""
        self.home = home
        processes = range(len(home.workspace.ports))
        # Names of this room's own: the rate is counted by user.
        self.senders = [Sender(home, f"{home.room}-s{p}{n}", p) for p in processes for n in range(senders)]
        self.readers = [Reader(home, f"{home.room}-r{p}{n}", p) for p in processes for n in range(readers)]
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator["Conversation"]:
        """Talk through the block and a little on; then wait until all is said and heard, and check every promise."""
        clients: list[Client] = [*self.senders, *self.readers]
        self._tasks = [asyncio.create_task(client.run()) for client in clients]
        talking = [asyncio.create_task(sender.talk()) for sender in self.senders]
        try:
            await self._until(
                lambda: all(len(sender.acknowledged) > 2 for sender in self.senders), "talk to begin"
            )
            yield self
            for sender in self.senders:
                sender.quiet = True
            await asyncio.gather(*talking)
            await self._until(
                lambda: not any(sender.open or sender.changing for sender in self.senders),
                "everything to be acknowledged",
            )
            await self.heard_out()
            self.check()
        finally:
            for client in clients:
                client.done = True
            for task in [*talking, *self._tasks]:
                task.cancel()
            await asyncio.gather(*talking, *self._tasks, return_exceptions=True)

    async def for_seconds(self, seconds: float) -> None:
        """Let them talk."""
        await asyncio.sleep(seconds)

    async def answered_after(self, moment: float) -> float:
        """Wait until every sender was acknowledged something after `moment`; the seconds it took the last of them."""
        await self._until(
            lambda: all(s.times and s.times[-1] > moment for s in self.senders), "an acknowledgement each"
        )
        return max(next(t for t in s.times if t > moment) for s in self.senders) - moment

    async def heard_out(self) -> None:
        """Wait until every reader has what the database has."""
        stored = await asyncio.to_thread(self.home.stored)
        newest = max((message.rev for message in stored), default=0)
        await self._until(
            lambda: all((reader.seq, reader.rev) >= (len(stored), newest) for reader in self.readers),
            "readers to hear all",
        )
        await asyncio.sleep(0.3)  # whatever comes twice has the time to come

    def check(self) -> None:
        """Compare what senders were acknowledged, what the database holds, and what every reader saw."""
        stored = self.home.stored()
        assert [message.seq for message in stored] == list(range(1, len(stored) + 1))
        changes = sum(len(sender.changed) for sender in self.senders)
        revs = [message.rev for message in stored]
        assert (len(set(revs)), max(revs, default=0)) == (len(stored), len(stored) + changes)
        assert len({(message.sender, message.client_id) for message in stored}) == len(stored)
        by_client_id = {message.client_id: message for message in stored}
        for sender in self.senders:
            assert sender.wrong == []
            assert len(sender.acknowledged) == sender.said
            for client_id, frame in sender.acknowledged.items():
                kept = by_client_id[client_id]
                change = sender.changed.get(frame["message_id"], {})
                deleted = change.get("type_") == "delete_message"
                assert (kept.message_id, kept.seq) == (frame["message_id"], frame["seq"])
                assert kept.body == ("" if deleted else change.get("message", frame["message"]))
                assert kept.deleted == deleted
                assert kept.reactions == ({"👍": 1} if change.get("type_") == "react" else {})
        assert len(stored) == sum(sender.said for sender in self.senders)
        for reader in self.readers:
            assert reader.wrong == []
            assert [m["message_id"] for m in reader.seen] == [message.message_id for message in stored]
            for message in stored:
                known = reader.state[message.message_id]
                assert (known["rev"], known.get("message", ""), known.get("deleted", False)) == (
                    message.rev,
                    message.body,
                    message.deleted,
                )
                counts = {each["emoji"]: each["count"] for each in known.get("reactions", [])}
                assert counts == message.reactions

    async def _until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + SETTLED_WITHIN
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited {SETTLED_WITHIN:g} s in vain for {what}: {self.state()}"
            )
            await asyncio.sleep(0.02)

    def closes(self) -> list[int]:
        """The code of every close that anybody saw."""
        return [code for client in (*self.senders, *self.readers) for code in client.closes]

    def state(self) -> str:
        """Where everyone stands, for a failing test's message."""
        senders = [
            f"{s.name}: {len(s.acknowledged)}/{s.said} {s.closes} {s.refusals} {s.errors}"
            for s in self.senders
        ]
        readers = [f"{r.name}: {r.seq} {r.closes} {r.refusals} {r.wrong[:3]}" for r in self.readers]
        return "; ".join(senders + readers)
