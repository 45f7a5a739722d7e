"""People who talk while things break: good clients, and strict witnesses.

Senders keep what was not acknowledged and send it again after a reconnect, under the same client_id. Readers come back
with `since` and `rev`, and hold the server to its word: every message once, in order, with nothing left out.
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
            code = chat.connection.close_code
            if not self.done:
                self.closes.append(code or 1006)
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
        self.quiet = False
        self._chat: Chat | None = None

    async def connected(self, chat: Chat) -> None:
        self._chat = chat
        for client_id, text in list(self.open.items()):
            await chat.send("chat_message", message=text, client_id=client_id)

    async def heed(self, chat: Chat, frame: dict[str, Any]) -> None:
        if frame["type"] == "chat_message" and frame["user_id"] == self.name:
            client_id = frame["client_id"]
            before = self.acknowledged.setdefault(client_id, frame)
            if (before["message_id"], before["seq"]) != (frame["message_id"], frame["seq"]):
                self.wrong.append(f"{client_id} was acknowledged as {before['seq']} and as {frame['seq']}")
            self.times.append(time.monotonic())
            self.open.pop(client_id, None)
        elif frame["type"] == "error":
            self.errors.append(frame["error"]["code"])
            client_id = frame.get("client_id")
            if client_id in self.open:
                asyncio.get_running_loop().call_later(
                    frame.get("retry_after", 1.0), lambda: asyncio.ensure_future(self._again(chat, client_id))
                )

    async def _again(self, chat: Chat, client_id: str) -> None:
        with contextlib.suppress(*GONE):
            if chat is self._chat and client_id in self.open:
                await chat.send("chat_message", message=self.open[client_id], client_id=client_id)

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
        self.seq = self.rev = 0
        self.wrong: list[str] = []

    def query(self) -> str:
        return f"since={self.seq}&rev={self.rev}"

    async def heed(self, chat: Chat, frame: dict[str, Any]) -> None:
        if frame["type"] == "history" and frame.get("from_resume"):
            for message in frame["messages"]:
                self._note(message, "a resume")
        elif frame["type"] == "chat_message":
            self._note(frame, "live")

    def _note(self, message: dict[str, Any], how: str) -> None:
        if message["seq"] != self.seq + 1:
            self.wrong.append(f"{how}: {message['seq']} after {self.seq} (process {self.process})")
        self.seq, self.rev = message["seq"], max(self.rev, message["rev"])
        self.seen.append(message)


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
                lambda: not any(sender.open for sender in self.senders), "everything to be acknowledged"
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
        await self._until(
            lambda: all(reader.seq >= len(stored) for reader in self.readers), "readers to hear all"
        )
        await asyncio.sleep(0.3)  # whatever comes twice has the time to come

    def check(self) -> None:
        """Compare what senders were acknowledged, what the database holds, and what every reader saw."""
        stored = self.home.stored()
        assert [message.seq for message in stored] == list(range(1, len(stored) + 1))
        assert [message.rev for message in stored] == list(range(1, len(stored) + 1))
        assert len({(message.sender, message.client_id) for message in stored}) == len(stored)
        by_client_id = {message.client_id: message for message in stored}
        for sender in self.senders:
            assert sender.wrong == []
            assert len(sender.acknowledged) == sender.said
            for client_id, frame in sender.acknowledged.items():
                kept = by_client_id[client_id]
                assert (kept.message_id, kept.seq, kept.body) == (
                    frame["message_id"],
                    frame["seq"],
                    frame["message"],
                )
        assert len(stored) == sum(sender.said for sender in self.senders)
        for reader in self.readers:
            assert reader.wrong == []
            assert [m["message_id"] for m in reader.seen] == [message.message_id for message in stored]

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
