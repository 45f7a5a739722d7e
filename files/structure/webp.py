"""WebP: chunks, some of which hold chunks."""

import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import Final

from files.structure.exif import turn_in
from files.structure.limits import (
    LARGEST_PROFILE,
    MOST_CHUNKS,
    Bare,
    check_moving,
    check_parts,
    check_size,
    damaged,
    pause_of,
)

_HEAD: Final = 12
_FRAME_HEAD: Final = 16
_PIXELS: Final = (b"VP8 ", b"VP8L")
_LARGEST_EXIF: Final = 65_536
# What the first chunk says there is: a profile, alpha, frames.
_PROFILE, _ALPHA, _MOVING = 0x20, 0x10, 0x02


def bare(content: bytes) -> Bare:
    """Frames or the still picture, and the profile of its colours. Raises BadPicture."""
    return _Walk(content).bare()


class _Walk:
    """Once through a file, from its first byte on."""

    def __init__(self, content: bytes) -> None:
        riff, length, webp = struct.unpack_from("<4sI4s", content)
        if (riff, webp) != (b"RIFF", b"WEBP") or 8 + length > len(content):
            raise damaged()
        self._content, self._view, self._end = content, memoryview(content), 8 + length
        self._count = count(1)
        self._width = self._height = 0

    def bare(self) -> Bare:
        kind, begin, end = next(self._chunks(_HEAD, self._end), (b"", 0, 0))
        if kind == b"VP8X":
            return self._extended(begin)
        if kind not in _PIXELS:
            raise damaged()
        self._width, self._height = _size_of(kind, self._content[begin:end])
        check_size(self._width, self._height, "WEBP")
        body = BytesIO()
        self._write(body, kind, begin, end)
        return Bare(_riff(body), self._width, self._height)

    def _extended(self, at: int) -> Bare:
        content = self._content
        moving = bool(content[at] & _MOVING)
        self._width, self._height = (
            1 + int.from_bytes(content[at + n : at + n + 3], "little") for n in (4, 7)
        )
        check_size(self._width, self._height, "WEBP")
        body, profile, turn, pauses = BytesIO(), b"", 1, list[int]()
        for kind, begin, end in self._chunks(_HEAD, self._end):
            if kind == b"ANMF" and moving:
                pauses.append(pause_of(int.from_bytes(content[begin + 12 : begin + 15], "little")))
                check_moving(len(pauses), self._width, self._height)
                self._frame(body, begin, end)
            elif kind == b"ANIM" and moving and not body.tell():
                self._write(body, kind, begin, end)
            elif kind == b"ICCP" and end - begin <= LARGEST_PROFILE:
                profile = profile or content[begin:end]
            elif kind == b"EXIF" and not moving:
                turn = turn_in(content[begin : min(end, begin + _LARGEST_EXIF)])
        if not moving:
            self._picture(body, _HEAD, self._end)
        flags = content[at] & (_ALPHA | _MOVING) | (_PROFILE if profile else 0)
        head = BytesIO()
        head.write(struct.pack("<4sIB", b"VP8X", 10, flags) + content[at + 1 : at + 10])
        if profile:
            head.write(_chunk(b"ICCP", profile))
        head.write(body.getbuffer())
        return Bare(_riff(head), self._width, self._height, tuple(pauses), turn)

    def _frame(self, body: BytesIO, begin: int, end: int) -> None:
        if end - begin < _FRAME_HEAD:
            raise damaged()
        inner = BytesIO()
        inner.write(self._view[begin : begin + _FRAME_HEAD])
        self._picture(inner, begin + _FRAME_HEAD, end)
        body.write(_chunk(b"ANMF", inner.getvalue()))

    def _picture(self, body: BytesIO, at: int, until: int) -> None:
        """Write the chunks between these places that are one picture: its alpha where it has some, and its pixels."""
        alpha: tuple[bytes, int, int] | None = None
        for kind, begin, end in self._chunks(at, until):
            if kind == b"ALPH":
                alpha = (kind, begin, end)
            if kind in _PIXELS:
                width, height = _size_of(kind, self._content[begin : begin + 10])
                if width > self._width or height > self._height:
                    raise damaged()
                if alpha and kind == b"VP8 ":
                    self._write(body, *alpha)
                self._write(body, kind, begin, end)
                return
        raise damaged()

    def _chunks(self, at: int, until: int) -> Iterator[tuple[bytes, int, int]]:
        """The name of each, and where its body begins and ends."""
        while at + 8 <= until:
            kind, length = struct.unpack_from("<4sI", self._content, at)
            begin, end = at + 8, at + 8 + length
            if end > until:
                raise damaged()
            check_parts(next(self._count), MOST_CHUNKS)
            yield kind, begin, end
            at = end + length % 2

    def _write(self, body: BytesIO, kind: bytes, begin: int, end: int) -> None:
        body.write(struct.pack("<4sI", kind, end - begin))
        body.write(self._view[begin:end])
        body.write(b"\0" * ((end - begin) % 2))


def _size_of(kind: bytes, begun: bytes) -> tuple[int, int]:
    """Width and height, as the pixels themselves say."""
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", begun, 6)
        return width & 0x3FFF, height & 0x3FFF
    (bits,) = struct.unpack_from("<I", begun, 1)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)


def _riff(body: BytesIO) -> BytesIO:
    file = BytesIO()
    file.write(struct.pack("<4sI4s", b"RIFF", 4 + body.tell(), b"WEBP"))
    file.write(body.getbuffer())
    file.seek(0)
    return file
