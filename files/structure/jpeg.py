"""JPEG: segments, and behind some of them pixels, until the next one begins."""

import re
import struct
from io import BytesIO
from typing import Final

from files.structure.exif import turn_in
from files.structure.limits import (
    LARGEST_PROFILE,
    MOST_SCANS,
    MOST_SEGMENTS,
    BadPicture,
    Bare,
    check_parts,
    check_size,
    damaged,
)

# What is no part of a scan's own data, there or between segments. Two bytes and no repetition: each byte is looked at
# once, however many 0xFF there are in a row.
_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_BEGIN, _END, _SCAN = 0xD8, 0xD9, 0xDA
_ALONE: Final = (0x01, _BEGIN)  # of these no length follows
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# Tables, and how they are used; and of what programs add, what says which colours these are.
_NEEDED: Final = _FRAMES | {0xC4, 0xCC, _SCAN, 0xDB, 0xDC, 0xDD}
_COLOURS: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF: Final = (0xE1, b"Exif\0\0")


def bare(content: bytes) -> Bare:
    """The first picture of the file, where it holds several. Raises BadPicture."""
    return _Walk(content).bare()


class _Walk:
    """Once through a file, from its first byte on."""

    def __init__(self, content: bytes) -> None:
        if not content.startswith(b"\xff\xd8"):
            raise damaged()
        self._content, self._view = content, memoryview(content)
        self._kept = BytesIO()
        self._kept.write(b"\xff\xd8")
        self._size: tuple[int, int] | None = None
        self._scans = self._profile = 0
        self._turn = 0

    def bare(self) -> Bare:
        content, at, count, in_scan = self._content, 2, 0, False
        while found := _MARKER.search(content, at):
            if in_scan:
                self._kept.write(self._view[at : found.start()])
            marker, at, in_scan = found[1][0], found.end(), False
            if marker == _END:
                self._kept.write(b"\xff\xd9")
                break
            count += 1
            check_parts(count, MOST_SEGMENTS)
            if marker not in _ALONE:
                end = at + int.from_bytes(content[at : at + 2])
                self._segment(marker, at + 2, end)
                at, in_scan = end, marker == _SCAN
        else:
            if in_scan:
                self._kept.write(self._view[at:])
        if self._size is None or not self._scans:
            raise damaged()
        self._kept.seek(0)
        return Bare(self._kept, *self._size, turn=self._turn or 1)

    def _segment(self, marker: int, begin: int, end: int) -> None:
        if not begin <= end <= len(self._content):
            raise damaged()
        if marker in _FRAMES:
            self._measure(begin)
        if marker == _SCAN:
            self._scans += 1
            if self._scans > MOST_SCANS:
                raise BadPicture("This picture is made of too many layers. Save it anew, and send that.")
        if (marker, self._content[begin : begin + 6]) == _EXIF and not self._turn:
            self._turn = turn_in(self._content[begin:end])
        if marker in _NEEDED or self._is_of_colours(marker, begin, end):
            self._kept.write(self._view[begin - 4 : end])

    def _measure(self, begin: int) -> None:
        if self._size is not None or self._scans:
            raise damaged()
        height, width = struct.unpack_from(">HH", self._content, begin + 1)
        self._size = width, height
        check_size(width, height, "JPEG")

    def _is_of_colours(self, marker: int, begin: int, end: int) -> bool:
        word = _COLOURS.get(marker)
        if word is None or not self._content.startswith(word, begin) or self._scans:
            return False
        self._profile += end - begin if marker == 0xE2 else 0
        return self._profile <= LARGEST_PROFILE
