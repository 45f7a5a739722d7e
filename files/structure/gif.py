"""GIF: blocks one after another, each a chain of at most 255 bytes at a time."""

import struct
from io import BytesIO
from typing import Final

from files.structure.limits import MOST_BLOCKS, Bare, check_moving, check_parts, check_size, damaged, pause_of

_HEAD: Final = 13
_EXTENSION, _FRAME, _NOTHING = 0x21, 0x2C, 0x00
_CONTROL, _APPLICATION = 0xF9, 0xFF
_CONTROL_SIZE: Final = 8
_LOOP: Final = b"\x21\xff\x0bNETSCAPE2.0\x03\x01"
_END: Final = b"\x3b"


def bare(content: bytes) -> Bare:
    """Frames, how long each stays, and how often they are shown. Raises BadPicture."""
    return _Walk(content).bare()


class _Walk:
    """Once through a file, from its first byte on."""

    def __init__(self, content: bytes) -> None:
        self._content, self._view = content, memoryview(content)
        self._kept = BytesIO()
        self._parts = 0
        self._pauses: list[int] = []
        self._control = b""
        self._looped = False
        self._width, self._height, flags = struct.unpack_from("<HHB", content, 6)
        self._at = _HEAD + _palette(flags)
        self._kept.write(self._view[: self._at])

    def bare(self) -> Bare:
        while self._at < len(self._content):
            kind = self._content[self._at]
            if kind == _FRAME:
                self._frame()
            elif kind == _EXTENSION:
                self._extension()
            elif kind == _NOTHING:  # some programs leave one between two blocks
                self._at += 1
            else:  # the end, or what nobody else goes on after
                break
            self._count(1)
        if not self._pauses:
            raise damaged()
        self._kept.write(_END)
        self._kept.seek(0)
        return Bare(self._kept, self._width, self._height, tuple(self._pauses))

    def _frame(self) -> None:
        begin = self._at
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._content, begin + 1)
        self._skip(begin + 10 + _palette(flags) + 1)
        # A frame that reaches beyond the picture makes it larger, for a decoder.
        self._width, self._height = max(self._width, left + width), max(self._height, top + height)
        pause = 10 * int.from_bytes(self._control[4:6], "little") if self._control else None
        self._pauses.append(pause_of(pause))
        check_size(self._width, self._height, "GIF")
        check_moving(len(self._pauses), self._width, self._height)
        self._kept.write(self._control)
        self._kept.write(self._view[begin : self._at])
        self._control = b""

    def _extension(self) -> None:
        begin, label = self._at, self._content[self._at + 1]
        self._skip(begin + 2)
        if label == _CONTROL and self._at - begin == _CONTROL_SIZE and self._content[begin + 2] == 4:
            self._control = self._content[begin : self._at]
        elif label == _APPLICATION and self._content.startswith(_LOOP, begin) and not self._looped:
            self._looped = True
            times = begin + len(_LOOP)
            self._kept.write(self._content[begin : times + 2] + b"\0")

    def _skip(self, at: int) -> None:
        """To behind the chain that begins at `at`."""
        content, count = self._content, 0
        while size := content[at]:
            at += size + 1
            count += 1
            if count > MOST_BLOCKS:
                break
        self._count(count)
        self._at = at + 1

    def _count(self, more: int) -> None:
        self._parts += more
        check_parts(self._parts, MOST_BLOCKS)


def _palette(flags: int) -> int:
    """How many bytes of colours follow."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
