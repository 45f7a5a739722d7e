"""People who come, talk, edit, react, read and go, and come back with `since`; and a server that posts by REST.

Every socket checks what it hears: a message's `seq` follows the one before, on a resume too.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from bench.client import HandshakeRefusedError, Socket
from bench.peers.snug import Workplace
from bench.shapes import room_name

_STAY = (5.0, 60.0)  # seconds
_AWAY = (0.2, 8.0)
_ENTRY_TIMEOUT = 20.0
_TEXT = "A message of quite ordinary length, such as people send each other all day in a room like this one."


class Person:
    """One of the crowd: at most one socket at a time, in one room after the other."""

    def __init__(self, number: int, place: Workplace, counts: Counter[str], pause: float, rooms: int) -> None:
        self.number = number
        self._place, self._counts, self._pause, self._rooms = place, counts, pause, rooms
        self._random = random.Random(number)
        self._room = self._any_room()
        self._own: list[str] = []  # messages of mine in this room
        self._latest = ""
        self._seq = self._rev = 0

    async def live(self, until: float) -> None:
        """Come and go until then (of time.monotonic())."""
        again = False
        await asyncio.sleep(self._random.uniform(0, self._pause))
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(_ENTRY_TIMEOUT):
                    socket = await self._enter(again)
            except (OSError, TimeoutError, HandshakeRefusedError):
                self._counts["could not enter"] += 1
                await asyncio.sleep(self._pause)
                continue
            await self._stay(socket, min(until, time.monotonic() + self._random.uniform(*_STAY)))
            socket.close()
            self._counts["visits"] += 1
            await asyncio.sleep(self._random.uniform(*_AWAY))
            again = self._random.random() < 0.5
            if not again:
                self._room, self._own, self._latest = self._any_room(), [], ""

    async def _enter(self, again: bool) -> Socket:
        door = self._place.door(self.number, self._room, self.number)
        if again:
            door = replace(door, path=f"{door.path}?since={self._seq}&rev={self._rev}")
        assert door.port is not None
        self._counts["resumes"] += again
        hear = self._heard_again if again else self._heard_anew
        _, socket = await asyncio.get_running_loop().create_connection(
            lambda: Socket(hear, door), "127.0.0.1", door.port
        )
        try:
            await socket.entered
        except BaseException:
            socket.close()
            raise
        return socket

    async def _stay(self, socket: Socket, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(self._random.expovariate(1 / self._pause))
            if socket.closed:
                self._counts["closed on us"] += 1
                return
            socket.send(json.dumps(self._something()).encode())

    def _something(self) -> dict[str, Any]:
        dice = self._random.random()
        self._counts["sent"] += 1
        if dice < 0.5:
            return {"type": "chat_message", "message": _TEXT}
        if dice < 0.6 and self._own:
            return {
                "type": "edit_message",
                "message_id": self._random.choice(self._own),
                "message": f"{_TEXT} {dice}",
            }
        if dice < 0.75 and self._latest:
            emoji = self._random.choice("👍🎉❤️")
            return {
                "type": "react",
                "message_id": self._latest,
                "emoji": emoji,
                "on": self._random.random() < 0.6,
            }
        if dice < 0.85:
            return {"type": "read", "seq": self._seq}
        return {"type": "typing", "is_typing": dice < 0.93}

    def _heard_anew(self, socket: Socket, frame: bytes) -> None:
        first = json.loads(frame)
        self._seq, self._rev = first["last_seq"], first["last_rev"]
        self._in(socket, self._heard)

    def _heard_again(self, socket: Socket, frame: bytes) -> None:
        self._in(socket, self._heard)

    def _in(self, socket: Socket, hear: Callable[[Socket, bytes], None]) -> None:
        socket.heard = hear
        if not socket.entered.done():
            socket.entered.set_result(None)

    def _heard(self, socket: Socket, frame: bytes) -> None:
        heard: dict[str, Any] = json.loads(frame)
        kind = heard["type"]
        self._counts["heard"] += 1
        if kind == "error":
            self._counts[f"error {heard['error']['code']}"] += 1
        elif kind == "history":
            for message in heard["messages"]:
                self._note(message)
        elif kind == "chat_message":
            self._note(heard)
            if heard["user_id"] == f"user{self.number}":
                self._own = [*self._own[-20:], heard["message_id"]]
        self._rev = max(self._rev, heard.get("rev", 0))

    def _note(self, message: dict[str, Any]) -> None:
        if message["seq"] != self._seq + 1:
            self._counts["out of order"] += 1
        self._seq = message["seq"]
        self._rev = max(self._rev, message["rev"])
        if not message.get("deleted"):
            self._latest = message["message_id"]

    def _any_room(self) -> str:
        return room_name(self._random.randrange(self._rooms))


async def post(place: Workplace, counts: Counter[str], pause: float, rooms: int, until: float) -> None:
    """Post a message by REST every so many seconds, to one room after the other."""
    headers = {"Host": place.host, "Authorization": f"Bearer {place.secret}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place.ports[0]}", headers=headers) as api:
        number = 0
        while time.monotonic() < until:
            body = {"message": _TEXT, "sub": f"user{number}"}
            try:
                answer = await api.post(f"/api/v1/rooms/{room_name(number % rooms)}/messages", json=body)
                counts["posted" if answer.status_code == 201 else f"REST {answer.status_code}"] += 1
            except httpx.HTTPError as error:
                counts[f"REST {type(error).__name__}"] += 1
            number = (number + 1) % 100
            await asyncio.sleep(pause)
