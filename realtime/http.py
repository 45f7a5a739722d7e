"""uvicorn's HTTP protocol, for a world in which not every client means well: a request's head has a size and a time,
and its body may not pause for ever."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from realtime.protocol import SnugProtocol

MAX_HEAD: Final = 32 * 1024
HEAD_TIMEOUT: Final = 15.0
BODY_PAUSE: Final = 30.0
# The least efficient chunks, of one byte each, take five bytes of framing for each of theirs.
MOST_FRAMING: Final = 8

_TOO_LARGE: Final = b"431 Request Header Fields Too Large"
_TOO_SLOW: Final = b"408 Request Timeout"


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 431 to a head over MAX_HEAD bytes and 408 to one that takes over HEAD_TIMEOUT seconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        self._in_head = True
        self._in_body = False
        # Of the body under way: what came over the wire, and what of it was body. The rest is framing and trailers.
        self._received = self._taken = 0
        # Set when nothing more will be heard on this connection: an earlier answer still has to leave.
        self._deaf = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_within(HEAD_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf or self.transport.is_closing():
            return
        if self._in_head:
            self._head += len(data)
        elif self._in_body:
            self._received += len(data)
        super().data_received(data)
        if self._too_large:
            self._refuse(_TOO_LARGE)
        elif not self._in_head and self._deadline is not None:
            self._expect_within(BODY_PAUSE)

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer is no header: what a proxy checked in the head must not come in behind it.
        if self._in_head:
            super().on_header(name, value)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._in_head, self._in_body = 0, True, False
        self._expect_within(HEAD_TIMEOUT)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            self._refuse(_TOO_LARGE)
            return
        self._in_body = True
        self._received = self._taken = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._taken += len(body)
        if not self._deaf and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_deadline()
        self._in_body = False
        if not self._deaf and not self.transport.is_closing():
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._stop_deadline()  # from here on the handshake has a deadline of its own
        if self._answering:
            self._end_after_answer()  # two protocols on one wire at once: neither could be told from the other
        elif not self.transport.is_closing():
            self._hand_on()

    def _hand_on(self) -> None:
        """The request asks for a socket: it was taken apart already, and goes on as it is."""
        self.connections.discard(self)
        protocol = SnugProtocol(self.config, self.server_state, self.transport)
        self.transport.set_protocol(protocol)
        self.parser = None  # type: ignore[assignment]  # it holds us, and we hold it
        protocol.knock(self.scope, self.url)  # type: ignore[arg-type]

    def _expect_within(self, seconds: float) -> None:
        self._stop_deadline()
        self._deadline = self.loop.call_later(seconds, self._refuse, _TOO_SLOW)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    @property
    def _too_large(self) -> bool:
        """Whether a head, or what surrounds a body, has come to more than anyone honest sends."""
        if self._in_head:
            return self._head > MAX_HEAD
        framing = self._received - self._taken
        return self._in_body and framing > MAX_HEAD + MOST_FRAMING * self._taken

    @property
    def _answering(self) -> bool:
        """Whether an earlier request on this connection still waits for its answer."""
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: bytes) -> None:
        self._stop_deadline()
        if self._answering and not self._in_body:
            self._end_after_answer()
        elif not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()

    def _end_after_answer(self) -> None:
        """Hear nothing more, and close once the earlier request has its answer."""
        self._deaf = True
        self.cycle.keep_alive = False
