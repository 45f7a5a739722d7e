"""Frames as RFC 6455 puts them on the wire: what clients send, taken apart, and the short ones that we answer with."""

from collections.abc import Iterator
from typing import Final

from realtime.events import MAX_FRAME_BYTES, CloseCode

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

PROTOCOL_ERROR: Final = 1002
NO_CODE: Final = 1005
INVALID_TEXT: Final = 1007
TOO_LARGE: Final = 1009

# Of any kind, in WINDOW seconds over one socket: far more than ten times what any plan lets a user say. What a frame
# costs hardly depends on its size, so a flood of empty ones must end too.
MOST_FRAMES: Final = 5_000
WINDOW: Final = 10.0

_OPCODES: Final = frozenset([CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG])
_CONTROL: Final = 0x08
_FIN, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_MOST_CONTROL: Final = 125
# Those that a peer may send; 3000 to 4999 are for applications.
_CODES: Final = frozenset([1000, 1001, 1002, 1003, *range(1007, 1015)])


class Broken(Exception):
    """The peer breaks the protocol, or says more than it may; to be closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Bytes as they come in, whole messages and control frames out. Good for nothing once it has raised Broken."""

    __slots__ = ("_buffer", "_count", "_kind", "_message", "_until")

    def __init__(self) -> None:
        self._buffer = b""
        self._kind = CONTINUATION  # of the message whose fragments are coming in; CONTINUATION: there is none
        self._message = bytearray()
        self._count, self._until = 0, 0.0  # frames counted, and when the count begins anew

    def feed(self, data: bytes, now: float) -> Iterator[tuple[int, bytes]]:
        """Opcode and payload of whatever is whole now. Iterate to the end. Raises Broken.

        `now` is in seconds, by any clock that only goes forward.
        """
        if now >= self._until:
            self._count, self._until = 0, now + WINDOW
        buffer, at = self._buffer + data if self._buffer else data, 0
        while (found := self._frame(buffer, at)) is not None:
            self._count += 1
            if self._count > MOST_FRAMES:
                raise Broken(CloseCode.FLOODING, "far over the rate limit")
            first, payload, at = found
            opcode = first & _OPCODE
            if opcode & _CONTROL:
                yield opcode, payload
                continue
            if (opcode == CONTINUATION) == (self._kind == CONTINUATION):
                raise Broken(PROTOCOL_ERROR, "fragments out of order")
            if first & _FIN and not self._kind:
                yield opcode, payload
                continue
            self._kind = self._kind or opcode
            self._message += payload
            if first & _FIN:
                kind, message = self._kind, bytes(self._message)
                self._kind, self._message = CONTINUATION, bytearray()
                yield kind, message
        self._buffer = buffer[at:]

    def _frame(self, buffer: bytes, at: int) -> tuple[int, bytes, int] | None:
        """First byte, unmasked payload and end of the frame that begins `at`; None where it is not whole yet."""
        if len(buffer) < at + 2:
            return None
        first, size = buffer[at], buffer[at + 1] & _LENGTH
        _check(first, buffer[at + 1])
        at += 2
        if size > _MOST_CONTROL:
            width = 2 if size == 126 else 8
            if len(buffer) < at + width:
                return None
            size = int.from_bytes(buffer[at : at + width], "big")
            at += width
        if size + len(self._message) > MAX_FRAME_BYTES and not first & _CONTROL:
            raise Broken(TOO_LARGE, "a frame has at most 64 KiB")
        end = at + 4 + size
        if len(buffer) < end:
            return None
        return first, _unmasked(buffer[at + 4 : end], buffer[at : at + 4]), end


def close_of(payload: bytes) -> tuple[int, str]:
    """Code and reason that a peer's close frame gives. Raises Broken."""
    if not payload:
        return NO_CODE, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or (code not in _CODES and not 3000 <= code < 5000):
        raise Broken(PROTOCOL_ERROR, "no close code")
    return code, text_of(payload[2:])


def text_of(payload: bytes) -> str:
    """Raises Broken where it is no UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Broken(INVALID_TEXT, "text is UTF-8") from None


def control(opcode: int, payload: bytes = b"") -> bytes:
    """A ping, pong or close on the wire; its payload has at most 125 bytes."""
    return bytes((_FIN | opcode, len(payload))) + payload


def close(code: int, reason: str = "") -> bytes:
    """A close frame on the wire, with as much of the reason as fits."""
    text = reason.encode()[: _MOST_CONTROL - 2].decode(errors="ignore")
    return control(CLOSE, code.to_bytes(2, "big") + text.encode())


def _check(first: int, second: int) -> None:
    opcode = first & _OPCODE
    if first & _RESERVED or opcode not in _OPCODES:
        raise Broken(PROTOCOL_ERROR, "no such frame")
    if not second & _MASKED:
        raise Broken(PROTOCOL_ERROR, "clients mask their frames")
    if opcode & _CONTROL and (not first & _FIN or second & _LENGTH > _MOST_CONTROL):
        raise Broken(PROTOCOL_ERROR, "control frames are short and whole")


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
