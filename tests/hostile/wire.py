"""A socket without a library: whatever bytes a test likes, and whatever comes back."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.personas import Workspace

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = base64.b64encode(b"0123456789abcdef")


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """A frame as a client sends it, or as it should not."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    mask = b"\x37\xfa\x21\x3d"
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def handshake(host: str, target: str | bytes, headers: Sequence[tuple[str, str | bytes]] = ()) -> bytes:
    """The request that opens a socket, or something like it."""
    usual: dict[str, str | bytes] = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    given = {name.lower() for name, _ in headers}
    lines = [(name, value) for name, value in usual.items() if name.lower() not in given]
    said = b"".join(name.encode() + b": " + _bytes(value) + b"\r\n" for name, value in [*lines, *headers])
    return b"GET " + _bytes(target) + b" HTTP/1.1\r\n" + said + b"\r\n"


class Wire:
    """One TCP connection to a web process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def say(self, type_: str, **fields: Any) -> None:
        self.write(frame(TEXT, json.dumps({"type": type_, **fields}).encode()))

    async def head(self) -> int:
        """The status of the answer to a request; its headers are passed over."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ")[1])

    async def next(self) -> tuple[int, bytes]:
        """The next frame, as opcode and payload."""
        async with asyncio.timeout(10):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                [size] = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                [size] = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def until(self, type_: str, **fields: Any) -> dict[str, Any]:
        """The next of our frames of this type."""
        while True:
            opcode, payload = await self.next()
            assert opcode != CLOSE, payload
            said: dict[str, Any] = json.loads(payload) if opcode == TEXT else {}
            if said.get("type") == type_ and fields.items() <= said.items():
                return said

    async def closed(self) -> int:
        """Read until the server closes; the code, 0 where it hung up without one."""
        try:
            while True:
                opcode, payload = await self.next()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0


@asynccontextmanager
async def connected(workspace: Workspace, process: int = 0) -> AsyncIterator[Wire]:
    """A connection on which nothing was said yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", workspace.ports[process], limit=2**22)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def opened(workspace: Workspace, target: str, process: int = 0) -> AsyncIterator[Wire]:
    """A socket whose handshake is done."""
    async with connected(workspace, process) as wire:
        wire.write(handshake(workspace.host, target))
        assert await wire.head() == 101
        yield wire


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
