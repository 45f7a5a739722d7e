"""Many clients at one server: they come in, fill rooms, and go."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.client import HandshakeRefusedError, Socket
from bench.target import Target

_AT_ONCE = 50
_ENTRY_TIMEOUT = 60.0
# What joins and first frames set off has ended when nothing came for this long.
_QUIET = 0.5
_QUIET_TIMEOUT = 120.0


@dataclass(slots=True)
class Crowd:
    """The open sockets by room, and what went wrong on the way in. `heard` may be replaced at any time."""

    target: Target
    rooms: dict[str, list[Socket]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    last_frame: float = 0.0
    frames: int = 0

    def __len__(self) -> int:
        return sum(map(len, self.rooms.values()))

    def on_entry(self, socket: Socket, frame: bytes) -> None:
        self.frames += 1
        self.last_frame = time.perf_counter()
        if self.target.dialect.heard(socket, frame) and not socket.entered.done():
            socket.entered.set_result(None)

    async def enter(self, clients: Sequence[tuple[int, str]]) -> float:
        """Bring in clients (number, room), a few at once; seconds until the last was in or had failed."""
        waiting = iter(clients)
        started = time.perf_counter()
        await asyncio.gather(*(self._enter_from(waiting) for _ in range(min(_AT_ONCE, len(clients)))))
        return time.perf_counter() - started

    async def settle(self) -> bool:
        """Wait until nothing comes any more; whether it did within the time that we wait."""
        deadline = time.perf_counter() + _QUIET_TIMEOUT
        self.last_frame = time.perf_counter()
        while (now := time.perf_counter()) < self.last_frame + _QUIET:
            if now > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    def leave(self) -> None:
        for sockets in self.rooms.values():
            for socket in sockets:
                socket.close()

    async def _enter_from(self, waiting: Iterator[tuple[int, str]]) -> None:
        for number, room in waiting:
            try:
                async with asyncio.timeout(_ENTRY_TIMEOUT):
                    self.rooms.setdefault(room, []).append(await self._enter(number, room))
            except (OSError, TimeoutError, HandshakeRefusedError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    async def _enter(self, number: int, room: str) -> Socket:
        door = self.target.door(number, room)
        _, socket = await asyncio.get_running_loop().create_connection(
            lambda: Socket(self.on_entry, door),
            "127.0.0.1",
            door.port or self.target.port,
        )
        try:
            await socket.entered
        except BaseException:
            socket.close()
            raise
        return socket


@asynccontextmanager
async def crowd(target: Target) -> AsyncIterator[Crowd]:
    """A crowd that leaves at the end."""
    people = Crowd(target)
    try:
        yield people
    finally:
        people.leave()
        await asyncio.sleep(0)
