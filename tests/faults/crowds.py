"""Many readers at once, each with a socket that is kept open."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.faults.conversation import Reader
from tests.faults.machine import Home
from tests.personas import Chat


class Member(Reader):
    """Notes when each of its sockets ended, and where the room stood whenever it came in."""

    def __init__(self, home: Home, name: str, process: int) -> None:
        super().__init__(home, name, process)
        self.connection_id = ""
        self.ended_at: list[float] = []
        self.live: Chat | None = None

    def query(self) -> str:
        replaces = f"&connection={self.connection_id}" if self.connection_id else ""
        return super().query() + replaces

    async def heed(self, chat: Chat, frame: dict[str, Any]) -> None:
        if frame["type"] == "online_users":
            self.connection_id, self.live = frame["connection_id"], chat
        await super().heed(chat, frame)

    def ended(self, code: int) -> None:
        self.ended_at.append(time.monotonic())
        super().ended(code)

    def cut(self) -> None:
        """Lose the network: no close frame, no farewell."""
        if self.live is not None:
            self.live.connection.transport.abort()


class Crowd:
    """Members of one room, each with a socket that is kept open."""

    def __init__(self, home: Home, count: int, processes: tuple[int, ...]) -> None:
        self.home = home
        self.members = [
            Member(home, f"{home.room}-m{n}", processes[n % len(processes)]) for n in range(count)
        ]

    @asynccontextmanager
    async def present(self) -> AsyncIterator["Crowd"]:
        """All come at once; the block begins when all are in."""
        tasks = [asyncio.create_task(member.run()) for member in self.members]
        try:
            await self.all_in(1)
            yield self
        finally:
            for member, task in zip(self.members, tasks, strict=True):
                member.done = True
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def all_in(self, times: int) -> None:
        """Wait until each has come in so many times."""
        await self.until(lambda: all(len(member.entries) >= times for member in self.members), "all to be in")

    async def all_heard(self, seq: int) -> None:
        """Wait until each has heard the room up to there, and a moment more: everything once and in order."""
        await self.until(lambda: all(member.seq >= seq for member in self.members), f"all to hear {seq}")
        await asyncio.sleep(0.3)
        assert [member.wrong for member in self.members if member.wrong] == []
        assert {member.seq for member in self.members} == {seq}

    async def until(self, condition: Callable[[], bool], what: str, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"waited {within:g} s in vain for {what}: {self.state()}"
            await asyncio.sleep(0.02)

    def state(self) -> str:
        """Where the crowd stands, for a failing test's message."""
        entries = [len(member.entries) for member in self.members]
        seqs = [member.seq for member in self.members]
        return (
            f"entries {min(entries)} to {max(entries)}, seq {min(seqs)} to {max(seqs)}, "
            f"refused {[code for member in self.members for code in member.refusals][:10]}, "
            f"closed {[code for member in self.members for code in member.closes][:10]}"
        )
