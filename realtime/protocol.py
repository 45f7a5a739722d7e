"""One WebSocket, from the request that asks for it to its end: the protocol that our server speaks on the wire.

Beside plain ASGI it offers the application two things. Frames encoded once can be written straight to the transport
(the extension `snug.socket`). And an application that has let a socket in may hand it over (`snug.hand_over`): it then
returns, and is called with each event that comes; a socket on which nothing happens holds no task.

A close is aborted when the peer does not answer; a peer that never finishes its handshake is dropped; nothing is logged
about URLs, for they may carry tokens.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from realtime import frames
from realtime.alarms import alarms
from realtime.draining import DRAIN
from realtime.events import MAX_FRAME_BYTES, CloseCode, Frame
from realtime.frames import Broken, FrameReader
from realtime.handshake import NoHandshake, accept_key, answer, socket_scope, switching
from realtime.mailbox import Mailbox, in_task
from realtime.outlets import EXTENSION, MOST_BACKLOG
from realtime.scope import HAND_OVER, Scope

HANDSHAKE_TIMEOUT: Final = 10.0
CLOSE_TIMEOUT: Final = 5.0
KEEPALIVE_EVERY: Final = 25.0  # whoever was silent since the last ping is gone

_NO_ANSWER: Final = 1011
_LOST: Final = 1006

logger = logging.getLogger("snug.protocol")


class SnugProtocol(asyncio.Protocol):
    """Also the object that the extension hands to the application: see realtime.outlets.Transport."""

    __slots__ = (
        "_accept",
        "_alarm",
        "_app",
        "_closing",
        "_deaf",
        "_early",
        "_mailbox",
        "_open",
        "_reader",
        "_response",
        "_server",
        "_silent",
        "_transport",
    )

    def __init__(self, config: Config, server: ServerState, transport: asyncio.Transport) -> None:
        self._app: Any = config.loaded_app
        self._server = server
        self._transport = transport
        self._reader = FrameReader()
        self._mailbox = Mailbox(transport, server.tasks)
        self._response: tuple[int, Any] = 500, ()
        self._open = False  # the client was told that it is in
        self._closing = False  # nothing is written any more
        self._deaf = False  # what still comes is taken off the wire, and is nothing to us
        self._early = b""  # what came before the client was let in
        self._silent = False  # nothing was heard since the last ping
        self._alarm = 0

    def knock(self, http: Scope, url: bytes) -> None:
        """A request for a socket has come on this transport."""
        self._server.connections.add(self)  # type: ignore[arg-type]  # it asks for no more than `shutdown`
        try:
            self._accept = accept_key(http, url)
        except NoHandshake as refused:
            self._refuse(answer(refused.status, refused.headers))
            return
        scope = socket_scope(http, url)
        scope["extensions"] = {
            "websocket.http.response": {},
            EXTENSION: self,
            HAND_OVER: self._mailbox.hand_over,
        }
        self._wake_in(HANDSHAKE_TIMEOUT)
        in_task(self._server.tasks, self._ask_app(scope))

    # ---- the extension

    def write(self, data: bytes) -> int:
        """Write whole frames; how many bytes were waiting before. Ignored once the socket is closing."""
        if self._closing or self._transport.is_closing():
            return 0
        waiting = int(self._transport.get_write_buffer_size())
        self._transport.write(data)
        return waiting

    def backlog(self) -> int:
        """Bytes that wait for this reader."""
        return int(self._transport.get_write_buffer_size())

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; abort when the peer has not answered within CLOSE_TIMEOUT seconds."""
        if self._open and not self._closing and not self._transport.is_closing():
            self._say_last(int(code), reason)

    # ---- plain ASGI

    async def send(self, message: dict[str, Any]) -> None:
        """Raises ConnectionResetError where there is nobody any more to send it to."""
        if self._transport.is_closing():
            raise ConnectionResetError("the client is gone")
        match message["type"]:
            case "websocket.accept" if not self._open:
                self._open = True
                self._transport.write(switching(self._accept, message.get("subprotocol")))
                self._wake_in(KEEPALIVE_EVERY)
                early, self._early = self._early, b""
                self._read(early)
            case "websocket.send" if self._open:
                self.write(Frame(message["text"].encode()).wire)
            case "websocket.close" if self._open:
                self.close(message.get("code", 1000), message.get("reason") or "")
            case "websocket.close":
                self._refuse(answer(403))
            case "websocket.http.response.start" if not self._open:
                self._response = message["status"], message.get("headers", ())
            case "websocket.http.response.body" if not self._open:
                self._refuse(answer(*self._response, message.get("body", b"")))
            case other:
                raise RuntimeError(f"{other} has no place here")

    async def _ask_app(self, scope: Scope) -> None:
        try:
            await self._app(scope, self._mailbox.receive, self.send)
        except ConnectionResetError:
            pass  # the client did not wait for its refusal
        except Exception:
            logger.exception("a socket broke")
        if not self._mailbox.handed_over and not self._transport.is_closing():
            if self._open:
                self.close(CloseCode.INTERNAL, "")
            else:
                self._refuse(answer(500))

    # ---- what comes

    def data_received(self, data: bytes) -> None:
        self._silent = False
        if self._deaf:
            return
        if self._open:
            self._read(data)
        elif len(self._early) + len(data) <= MAX_FRAME_BYTES:
            self._early += data  # it did not wait for the answer, which must be the first that it reads
        else:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_alarm()
        self._server.connections.discard(self)
        self._closing = self._deaf = True
        self._mailbox.put_end(frames.NO_CODE if self._open else _LOST)

    def _read(self, data: bytes) -> None:
        try:
            for opcode, payload in self._reader.feed(data, asyncio.get_running_loop().time()):
                self._take(opcode, payload)
                if self._deaf:
                    return
        except Broken as broken:
            self._break_off(broken)

    def _take(self, opcode: int, payload: bytes) -> None:
        match opcode:
            case frames.PING:
                self._pong(payload)
            case frames.CLOSE:
                self._take_leave(payload)
            case frames.TEXT if not self._closing:
                self._mailbox.put({"type": "websocket.receive", "text": frames.text_of(payload)})
            case frames.BINARY if not self._closing:
                self._mailbox.put({"type": "websocket.receive", "bytes": payload})

    def _pong(self, payload: bytes) -> None:
        if self.backlog() <= MOST_BACKLOG:
            self.write(frames.control(frames.PONG, payload))
        else:  # this pong and the next would wait in our memory, and without end
            self.close(CloseCode.TOO_SLOW, "reading too slowly")
            self._deaf = True
            self._transport.pause_reading()

    def _take_leave(self, payload: bytes) -> None:
        code, _ = frames.close_of(payload)
        self._deaf = True
        self._mailbox.put_end(code)
        self.write(frames.control(frames.CLOSE, payload))
        self._hang_up()

    def _break_off(self, broken: Broken) -> None:
        """Say why it ends, and hear the rest without listening: a socket that is closed while more is on its way is
        reset, and the client would never read the code."""
        self._deaf = True
        if not self._closing:
            self._say_last(broken.code, broken.reason)
        self._transport.write_eof()

    # ---- the end

    @property
    def closing(self) -> bool:
        return self._closing

    def drain(self) -> None:
        """Have the application close this socket when it has answered what was read: realtime.draining."""
        self._mailbox.put({"type": DRAIN})

    def shutdown(self) -> None:
        """The server goes. Called by uvicorn."""
        if self._open:
            self._mailbox.put_end(CloseCode.RESTARTING)
            self.write(frames.close(CloseCode.RESTARTING))
            self._hang_up()
        elif not self._closing:
            self._refuse(answer(503))

    def rung(self) -> None:
        """The handshake, the silence or the close has lasted too long."""
        if self._closing:
            self._cut()
        elif self._open:
            self._keep_alive()
        else:
            self._transport.abort()

    def _say_last(self, code: int, reason: str) -> None:
        """Send a close frame, and wait a while for the peer's."""
        self._mailbox.put_end(code)
        self._transport.write(frames.close(code, reason))
        self._closing = True
        self._mailbox.read_on()
        self._wake_in(CLOSE_TIMEOUT)

    def _hang_up(self) -> None:
        """Close once what was written has left; whoever does not take it keeps nothing of ours from ending."""
        self._closing = True
        self._transport.close()
        self._wake_in(CLOSE_TIMEOUT)

    def _refuse(self, said: bytes) -> None:
        self._transport.write(said)
        self._deaf = True
        self._hang_up()

    def _cut(self) -> None:
        """End it now, with a reset: the kernel would otherwise keep what it cannot deliver, for minutes."""
        with contextlib.suppress(OSError):
            wire = self._transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _keep_alive(self) -> None:
        if self._silent and not self._mailbox.paused:  # what we do not read, we cannot hear
            self._mailbox.put_end(_NO_ANSWER)
            self.write(frames.close(_NO_ANSWER, "keepalive ping timeout"))
            self._hang_up()
            return
        self._silent = True
        self.write(frames.control(frames.PING))
        self._wake_in(KEEPALIVE_EVERY)

    def _wake_in(self, seconds: float) -> None:
        self._stop_alarm()
        self._alarm = alarms.get().set(seconds, self)

    def _stop_alarm(self) -> None:
        alarms.get().cancel(self._alarm, self)
