"""The load generator's WebSocket client: as little work a frame as Python allows, the same for every peer.

It reads unfragmented frames of any length and masks what it sends with zeros, which RFC 6455 permits a test to do: a
server unmasks all the same. It is no client for anything else.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

_TEXT: Final = 0x81
_CLOSE, _PING, _PONG = 0x88, 0x89, 0x8A
_NO_MASK: Final = b"\0\0\0\0"

Heard = Callable[["Socket", bytes], None]


@dataclass(frozen=True, slots=True)
class Door:
    """How one client comes in: path, Host, further header lines; `port` where it is not the target's.

    Where the client must speak first, `greeting` is what it says; `user` and `room` are for dialects that repeat them.
    """

    path: str
    host: str
    headers: tuple[str, ...] = ()
    port: int | None = None
    greeting: bytes = b""
    user: str = ""
    room: str = ""


class HandshakeRefusedError(Exception):
    """The server did not switch protocols; the text is its status line."""


class Socket(asyncio.Protocol):
    """One connection. `heard` gets each text frame's payload, in the loop; `entered` ends with the first of them."""

    def __init__(self, heard: Heard, door: Door) -> None:
        self.heard = heard
        self.door = door
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._buffer = b""
        self._open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from asyncio's
        self._transport.write(request(self.door))

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.entered.done():
            self.entered.set_exception(HandshakeRefusedError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if not self._open:
            data = self._handshake(data)
            if not self._open:
                return
        at, end = 0, len(data)
        while at + 2 <= end:
            start, length = at + 2, data[at + 1]
            if length == 126:
                start, length = at + 4, int.from_bytes(data[at + 2 : at + 4])
            elif length == 127:
                start, length = at + 10, int.from_bytes(data[at + 2 : at + 10])
            # A header that is not whole yet gives a length that is not whole either: both wait for more.
            if start + length > end or start > end:
                break
            self._frame(data[at], data[start : start + length])
            at = start + length
        self._buffer = data[at:]

    def send(self, text: bytes) -> None:
        self._write(_TEXT, text)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _handshake(self, data: bytes) -> bytes:
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            self._buffer = data
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            if not self.entered.done():
                self.entered.set_exception(HandshakeRefusedError(head.split(b"\r\n")[0].decode("latin-1")))
            self.close()
            return b""
        self._open = True
        if self.door.greeting:
            self.send(self.door.greeting)
        return rest

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == _TEXT:
            self.heard(self, payload)
        elif kind == _PING:
            self._write(_PONG, payload)
        elif kind == _CLOSE:
            self.close()

    def _write(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
        assert self._transport is not None
        self._transport.write(bytes([kind]) + length + _NO_MASK + payload)


def request(door: Door) -> bytes:
    """The handshake that asks for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {door.path} HTTP/1.1",
        f"Host: {door.host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *door.headers,
        "\r\n",
    )
    return "\r\n".join(lines).encode()
