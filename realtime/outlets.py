"""The way out to one socket. Pushing never waits and never raises: a reader that cannot keep up is closed.

Our own server offers the ASGI extension `snug.socket`: frames that were encoded once are written straight to the
transport. Elsewhere (daphne, tests) a small queue and plain ASGI `send` do the same work.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

from realtime.events import CloseCode, Frame
from realtime.scope import Scope, Send

EXTENSION: Final = "snug.socket"
# What may wait for one reader. About 4,000 ordinary messages; beyond that it is not reading. A burst larger than that,
# a page of long messages, is on top of it: it is no fault of the reader's that we say so much at once.
MOST_BACKLOG: Final = 1024 * 1024
# How long a socket that we close may take to take its last frames, where the server does not see to that itself.
LAST_WORDS: Final = 1.0
FLOW_CHECK: Final = 0.02
# Whoever has taken less than this many bytes of a long answer in so many seconds is not reading it.
LEAST_TAKEN: Final = 16 * 1024
LONGEST_STALL: Final = 10.0


class Burst:
    """Several frames for many sockets, joined once. `size` is in bytes of payload."""

    __slots__ = ("frames", "size", "wire")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.size = sum(len(frame.payload) for frame in frames)
        self.wire = frames[0].wire if len(frames) == 1 else b"".join(frame.wire for frame in frames)


class Outlet(Protocol):
    """One socket's way out."""

    closed: bool

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more: closed by us, or lost."""

    def backlog(self) -> int:
        """Bytes that wait for this reader."""

    def push(self, burst: Burst) -> None:
        """Send, or close the socket with TOO_SLOW when its backlog is full."""

    def close(self, code: int, reason: str = "") -> None:
        """Close after what was pushed before. A second call does nothing."""


class Transport(Protocol):
    """What the server's extension offers."""

    def write(self, data: bytes) -> int:
        """Write; how many bytes were waiting before."""

    def backlog(self) -> int: ...

    def close(self, code: int, reason: str) -> None: ...

    @property
    def closing(self) -> bool: ...


class WireOutlet:
    """Writes encoded frames straight to the server's transport."""

    __slots__ = ("_most", "_transport", "_write", "closed")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._write = transport.write
        self._most = MOST_BACKLOG
        self.closed = False

    @property
    def gone(self) -> bool:
        return self.closed or self._transport.closing

    def backlog(self) -> int:
        return self._transport.backlog()

    def push(self, burst: Burst) -> None:
        if self.closed:
            return
        waiting = self._write(burst.wire)
        if waiting <= MOST_BACKLOG:
            self._most = MOST_BACKLOG + burst.size
        elif waiting > self._most:
            self.close(CloseCode.TOO_SLOW, "reading too slowly")

    def close(self, code: int, reason: str = "") -> None:
        if not self.closed:
            self.closed = True
            self._transport.close(code, reason)


class AsgiOutlet:
    """The same through plain ASGI `send`, for any other server."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[dict[str, Any]] = deque()
        self._waiting_bytes = 0
        self._most = MOST_BACKLOG
        self._wake = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())
        self.closed = False

    @property
    def gone(self) -> bool:
        return self.closed

    def backlog(self) -> int:
        return self._waiting_bytes

    def push(self, burst: Burst) -> None:
        if self.closed:
            return
        if self._waiting_bytes > self._most:
            self.close(CloseCode.TOO_SLOW, "reading too slowly")
            return
        if self._waiting_bytes <= MOST_BACKLOG:
            self._most = MOST_BACKLOG + burst.size
        for frame in burst.frames:
            self._waiting.append({"type": "websocket.send", "text": frame.text})
            self._waiting_bytes += len(frame.payload)
        self._wake.set()

    def close(self, code: int, reason: str = "") -> None:
        if not self.closed:
            self.closed = True
            self._waiting.append({"type": "websocket.close", "code": int(code), "reason": reason})
            self._wake.set()

    async def end(self) -> None:
        """The socket has ended, or ends with the close that was just asked for: send that, then stop."""
        if self.closed and not self._task.done():
            await asyncio.wait([self._task], timeout=LAST_WORDS)
        self.closed = True
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        message: dict[str, Any] = {}
        with contextlib.suppress(OSError, RuntimeError):  # the socket went away in the middle of it
            while message.get("type") != "websocket.close":
                while not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                message = self._waiting.popleft()
                await self._send(message)
                self._waiting_bytes -= len(message.get("text", "").encode())
        self.closed = True
        self._waiting.clear()


async def flow(outlet: Outlet) -> None:
    """Wait until the reader has taken most of what was pushed: for answers of many pages.

    Whoever does not read is closed with TOO_SLOW. While they are waited for, nothing that they send is read, so no ping
    would find them out.
    """
    clock = asyncio.get_running_loop().time
    left, since = outlet.backlog(), clock()
    while not outlet.gone and (waiting := outlet.backlog()) > MOST_BACKLOG // 2:
        if left - waiting >= LEAST_TAKEN:
            left, since = waiting, clock()
        elif clock() - since > LONGEST_STALL:
            outlet.close(CloseCode.TOO_SLOW, "reading too slowly")
        await asyncio.sleep(FLOW_CHECK)


def outlet_for(scope: Scope, send: Send) -> WireOutlet | AsgiOutlet:
    """The best way out that this server offers."""
    transport = (scope.get("extensions") or {}).get(EXTENSION)
    return WireOutlet(transport) if transport is not None else AsgiOutlet(send)
