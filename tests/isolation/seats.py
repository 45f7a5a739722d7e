"""A person's socket that listens all the time, and that comes back where it left.

On `/ws/chat/ROOM/`, or on `/ws/`, where it hears other rooms beside its own.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.isolation.passes import Pass
from tests.isolation.traces import Ledger
from tests.personas import Workspace

# A machine that does much else besides may take its time; nothing here waits for longer than it must.
PATIENCE = 60.0
# "Our fault, retry": what a socket says that could not be opened in time on a machine that is too busy.
TRY_AGAIN = 4500


class FrameRefused(Exception):
    """An error frame came in place of an acknowledgement. `pause`: the seconds after which to try again, if one may."""

    def __init__(self, name: str, frame: dict[str, Any]) -> None:
        super().__init__(f"{name}: {frame}")
        busy = frame["error"]["code"] == "INTERNAL_ERROR"  # never a rate: that would be somebody else's
        self.pause: float | None = frame.get("retry_after") if busy else None


class Seat:
    """One of somebody's sockets in a room. Hears every message exactly once and in order, or says so.

    With `beside` it is a socket for many rooms: those, and its own. `opening` limits how many sockets open at once: a
    thousand handshakes in one moment only wait for each other.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        who: str,
        entry: Pass,
        room: str,
        process: int,
        beside: tuple[str, ...] = (),
        opening: asyncio.Semaphore | None = None,
    ) -> None:
        self.workspace, self.ledger, self.who, self.entry = workspace, ledger, who, entry
        self.room, self.process, self.beside = room, process, beside
        self.opening = opening or asyncio.Semaphore()
        self.name = f"{who} in {room} at {process}"
        self.first: int | None = None
        self.heard: list[int] = []
        self.rev = 0
        self.complaints: list[str] = []
        self.online: dict[str, Any] = {}
        self.closed_with: int | None = None
        self.setbacks = 0
        self._connection: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._entered: asyncio.Future[None] | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    @property
    def last(self) -> int:
        """The newest message heard of."""
        return self.heard[-1] if self.heard else self.first or 0

    # ---- coming and going

    async def sit(self) -> None:
        """Enter the room, resuming where this seat was left. Returns once the entry frames are here."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await self._enter()
                except ConnectionError:
                    if self.closed_with != TRY_AGAIN:
                        raise
                self.setbacks += 1
                await asyncio.sleep(random.uniform(0.1, 0.5))

    async def _enter(self) -> None:
        self._entered = asyncio.get_running_loop().create_future()
        origin = f"http://{self.workspace.host}:{self.workspace.ports[self.process]}"
        resume = {} if self.first is None else {"since": self.last, "rev": self.rev}
        ghost = {"connection": self.online["connection_id"]} if self.online else {}
        query = ghost if self.beside else resume | ghost
        token = await self.entry.token()
        async with self.opening:
            chat = await self.workspace.connect(
                token,
                self.room,
                path="/ws/" if self.beside else None,
                process=self.process,
                query="&".join(f"{name}={value}" for name, value in query.items()),
                origin=origin if self.entry.on_our_page else None,
                headers=self.entry.headers,
            )
        self._connection, self.closed_with = chat.connection, None
        self._reading = asyncio.create_task(self._read(chat.connection))
        if self.beside:
            for room in self.beside:
                await self._answer(f"join {room}", "join", room=room)
            await self._answer(f"join {self.room}", "join", **resume)
        await self._entered

    async def leave(self, *, rudely: bool = False) -> None:
        """Close the socket, or just be gone."""
        assert self._connection is not None
        assert self._reading is not None
        if rudely:
            self._connection.transport.abort()
        else:
            await self._connection.close()
        await self._reading

    async def closed(self) -> int | None:
        """Wait until the server closes; the close code."""
        assert self._reading is not None
        async with asyncio.timeout(PATIENCE):
            await self._reading
        return self.closed_with

    # ---- saying

    async def send(self, type_: str, **fields: Any) -> None:
        assert self._connection is not None
        frame = {"type": type_, **({"room": self.room} if self.beside else {}), **fields}
        await self._connection.send(msgspec.json.encode(frame).decode())

    async def say(self, text: str, client_id: str) -> dict[str, Any]:
        """Send a message and wait for its acknowledgement. Raises FrameRefused for an error in its place."""
        return await self._answer(client_id, "chat_message", message=text, client_id=client_id)

    async def page(self) -> dict[str, Any]:
        """The room's last messages."""
        return await self._answer("history", "history", limit=20)

    async def edit(self, message_id: str, text: str) -> dict[str, Any]:
        return await self._answer(message_id, "edit_message", message_id=message_id, message=text)

    async def delete(self, message_id: str) -> dict[str, Any]:
        return await self._answer(message_id, "delete_message", message_id=message_id)

    async def react(self, message_id: str, emoji: str) -> dict[str, Any]:
        return await self._answer(message_id, "react", message_id=message_id, emoji=emoji, on=True)

    async def read(self) -> dict[str, Any]:
        """Say that one has read everything so far; how much is unread."""
        return await self._answer("unread", "read", seq=self.last)

    async def _answer(self, key: str, type_: str, **fields: Any) -> dict[str, Any]:
        """Give a command and wait for what answers `key`; as often as the server is too busy for it."""
        while True:
            self._waiting[key] = asyncio.get_running_loop().create_future()
            await self.send(type_, ref=key, **fields)
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._waiting[key]
            except TimeoutError:
                heard = [text for where, text in self.ledger.seen if where == self.name][-3:]
                raise AssertionError(f"{self.name} had no answer to {key}; it last heard {heard}") from None
            except FrameRefused as refused:
                if refused.pause is None:
                    raise
                self.setbacks += 1
                await asyncio.sleep(refused.pause)

    # ---- hearing

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for text in connection:
                self.ledger.note(self.name, str(text))
                self._hear(msgspec.json.decode(text))
        except ConnectionClosed:
            pass
        self.closed_with = connection.close_code
        for waiting in (self._entered, *self._waiting.values()):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionError(f"{self.name} was closed with {self.closed_with}"))
                waiting.exception()  # seen, where nobody waits

    def _hear(self, frame: dict[str, Any]) -> None:
        room = frame.get("room", self.room)
        if frame["type"] == "online_users":
            self._settle(self._waiting.pop(f"join {room}", None), frame)
        if frame["type"] == "error":
            self._object(frame)
        elif room == self.room:
            self._hear_my_room(frame)
        elif room not in self.beside:
            self.complaints.append(f"{self.name} heard {frame}")

    def _hear_my_room(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "online_users":
                self._take_stock(frame)
            case "history" if frame.get("from_resume"):
                self._catch_up(frame)
            case "history" | "unread" as type_:
                self._settle(self._waiting.pop(type_, None), frame)
            case "chat_message":
                self._note(frame)
                self._settle(self._waiting.pop(frame.get("client_id", ""), None), frame)
            case "message_edited" | "message_deleted" | "reaction":
                # Not always what was asked for: where a publish came late, the message's present state is told.
                self._note_change(frame)
                self._settle(self._waiting.pop(frame["message_id"], None), frame)

    def _catch_up(self, history: dict[str, Any]) -> None:
        for message in history["messages"]:
            self._note(message)
        for message in history["changed"]:
            self._note_change(message)
        self._settle(self._entered, None)

    def _take_stock(self, online: dict[str, Any]) -> None:
        self.online = online
        if self.first is None:
            self.first, self.rev = online["last_seq"], online["last_rev"]
            self._settle(self._entered, None)

    def _note(self, message: dict[str, Any]) -> None:
        """One message more. Only what was said twice with one client_id may be heard twice, by who said it."""
        self.rev = max(self.rev, message["rev"])
        if message["seq"] == self.last + 1:
            self.heard.append(message["seq"])
        elif message.get("client_id") not in self._waiting:
            self.complaints.append(f"{self.name} heard {message['seq']} after {self.last}")

    def _note_change(self, message: dict[str, Any]) -> None:
        """An older message has changed: only one that was heard of can."""
        self.rev = max(self.rev, message["rev"])
        if message["seq"] > self.last:
            self.complaints.append(f"{self.name} heard of a change of {message['seq']} after {self.last}")

    def _object(self, frame: dict[str, Any]) -> None:
        refused = FrameRefused(self.name, frame)
        waiting = self._waiting.pop(frame.get("ref", ""), None)
        if waiting is None or waiting.done():
            self.complaints.append(str(refused))
        else:
            waiting.set_exception(refused)

    @staticmethod
    def _settle(waiting: asyncio.Future[Any] | None, result: Any) -> None:
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
