"""A way of one's own to a server, which can be cut or fall silent while everybody else's is whole."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from ops.local.network import LOOPBACK


class Tunnel:
    """Carries bytes both ways to a port of this machine, until told otherwise."""

    def __init__(self, leads_to: int) -> None:
        self._leads_to = leads_to
        self.port = 0
        self._carrying: set[asyncio.Task[None]] = set()
        self._whole = asyncio.Event()
        self._whole.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Tunnel"]:
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """Lose every connection, and what is on it. New ones can be made at once."""
        for task in self._carrying:
            task.cancel()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Carry nothing for the length of a block; what is sent meanwhile arrives afterwards, where anyone waits."""
        self._whole.clear()
        try:
            yield
        finally:
            self._whole.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(LOOPBACK, self._leads_to)
        try:
            with contextlib.suppress(OSError):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copy(reader, back))
                    group.create_task(self._copy(there, writer))
        finally:
            for each in (writer, back):
                each.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._whole.wait()
            writer.write(data)
        writer.transport.abort()
