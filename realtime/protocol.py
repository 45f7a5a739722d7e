"""uvicorn's WebSocket protocol, with what a chat server needs on top.

Frames encoded once can be written straight to the transport (the ASGI extension `snug.socket`); a close is aborted
when the peer does not answer; a peer that never finishes its handshake is dropped; nothing is logged about URLs, for
they may carry tokens.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from realtime.draining import DRAIN
from realtime.events import CloseCode
from realtime.outlets import EXTENSION, MOST_BACKLOG

HANDSHAKE_TIMEOUT: Final = 10.0
CLOSE_TIMEOUT: Final = 5.0

_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

_silent = logging.getLogger("snug.protocol")
_silent.setLevel(logging.ERROR)
# A traceback for every such frame: the client is told (1007), and whoever reads our logs need not be.
_silent.addFilter(lambda record: not str(record.msg).startswith("Invalid UTF-8"))


class SnugProtocol(WebSocketsSansIOProtocol):
    """Also the object that the extension hands to the application: see realtime.outlets.Transport."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _silent
        self.close_timeout = CLOSE_TIMEOUT
        self._deaf = False  # what still comes is taken off the wire, and is nothing to us
        self._deadline: asyncio.TimerHandle | None = self.loop.call_later(
            HANDSHAKE_TIMEOUT, self._handshake_late
        )

    # ---- the extension

    def write(self, data: bytes) -> int:
        """Write whole frames; how many bytes were waiting before. Ignored once the socket is closing."""
        if self.close_sent or self.transport.is_closing():
            return 0
        waiting = int(self.transport.get_write_buffer_size())
        self.transport.write(data)
        return waiting

    def backlog(self) -> int:
        """Bytes that wait for this reader."""
        return int(self.transport.get_write_buffer_size())

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; abort when the peer has not answered within CLOSE_TIMEOUT seconds."""
        if self.close_sent or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": int(code), "reason": reason})
        self.conn.send_close(int(code), reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._cut_soon()

    def _cut_soon(self) -> None:
        if self.close_timer is None and not self.disconnected:
            self.close_timer = self.loop.call_later(CLOSE_TIMEOUT, self._cut)

    def _cut(self) -> None:
        """End it now, with a reset: the kernel would otherwise keep what it cannot deliver, for minutes."""
        with contextlib.suppress(OSError):
            wire = self.transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # ---- uvicorn's own steps, with a word added

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = dict(self.scope["extensions"] or {})
            self.scope["extensions"] = extensions | {EXTENSION: self}

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self.conn.receive_data(data)
        if self._is_unreadable():
            self._answer_unreadable_request()
        elif self.conn.parser_exc is None:
            self.handle_events()
            if self._is_unreadable():
                self._answer_unreadable_request()
        elif self.handshake_complete and self.conn.close_sent is not None:
            self.handle_parser_exception()
        else:  # it did not wait to be let in: without this the socket would stay, unauthenticated, for ever
            self.transport.abort()

    def _is_unreadable(self) -> bool:
        """Whether the request was too long or none at all; nobody but us will say so."""
        return self.conn.handshake_exc is not None and not self.handshake_initiated

    def _answer_unreadable_request(self) -> None:
        """A request that cannot be read is no event: without this its answer would never leave."""
        self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
        self.transport.close()

    def handle_ping(self) -> None:
        if self._deaf:
            return
        if self.backlog() <= MOST_BACKLOG:
            super().handle_ping()
        else:
            self.conn.data_to_send()  # this pong and the next: they would wait in our memory, and without end
            self.close(CloseCode.TOO_SLOW, "reading too slowly")

    def handle_parser_exception(self) -> None:
        """Say why it ends, and hear the rest without listening: a socket that is closed while more is on its way is
        reset, and the client would never read the code."""
        if self._deaf:
            return
        self._deaf = True
        assert self.conn.close_sent is not None  # whoever found the fault has decided on the code
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._cut_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._cut_soon()  # whoever is gone will not take what waits for them

    def drain(self) -> None:
        """Have the application close this socket when it has answered what was read: realtime.draining."""
        asked: Any = {"type": DRAIN}
        self.queue.put_nowait(asked)

    def shutdown(self) -> None:
        super().shutdown()
        self._cut_soon()  # nor may somebody who does not read keep this process from ending

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # refused, and told so: uvicorn would log it as a fault of ours
        if self.handshake_complete:
            self._stop_deadline()

    def _handshake_late(self) -> None:
        self._deadline = None
        if not self.handshake_complete:
            self.transport.abort()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
