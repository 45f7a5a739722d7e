"""PNG: chunks, each with its length, its name and a sum."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from zlib import crc32

from files.structure.exif import turn_in
from files.structure.limits import MOST_CHUNKS, BadPicture, Bare, check_parts, check_size, damaged

_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_HEAD: Final = b"IHDR"
# What pixels depend on, besides the head; each once.
_NEEDED: Final = (b"PLTE", b"tRNS", b"iCCP")
_LARGEST_EXIF: Final = 65_536


def bare(content: bytes) -> Bare:
    """The still picture. Raises BadPicture: for a moving one, wherever it says so, too."""
    if not content.startswith(_MAGIC):
        raise damaged()
    view, pixels, before, turn = memoryview(content), BytesIO(), dict[bytes, bytes](), 1
    ended = False
    for kind, begin, end in _chunks(content):
        if not before and kind != _HEAD:
            raise damaged()
        if kind == b"IDAT" and not ended:
            pixels.write(view[begin:end])
            continue
        ended = ended or pixels.tell() > 0
        if kind == b"acTL" and not ended:
            raise BadPicture("Moving pictures are taken as GIF or WebP, and as PNG they are not.")
        if kind == b"eXIf" and turn == 1:
            turn = turn_in(content[begin : min(end, begin + _LARGEST_EXIF)])
        if kind in (_HEAD, *_NEEDED) and not ended:
            before.setdefault(kind, content[begin:end])
    width, height = _size(before)
    kept = BytesIO()
    kept.write(_MAGIC)
    for kind, body in before.items():
        _write(kept, kind, body)
    _write(kept, b"IDAT", pixels.getbuffer())
    _write(kept, b"IEND", b"")
    kept.seek(0)
    return Bare(kept, width, height, turn=turn)


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name of each, and where its body begins and ends."""
    at, count = len(_MAGIC), 0
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 8 + length
        if end + 4 > len(content):
            raise damaged()
        if kind == b"IEND":
            return
        yield kind, at + 8, end
        at, count = end + 4, count + 1
        check_parts(count, MOST_CHUNKS)


def _size(before: dict[bytes, bytes]) -> tuple[int, int]:
    head = before.get(_HEAD, b"")
    if len(head) != 13:
        raise damaged()
    width, height = struct.unpack_from(">II", head)
    check_size(width, height, "PNG")
    return width, height


def _write(file: BytesIO, kind: bytes, body: bytes | memoryview) -> None:
    file.write(struct.pack(">I4s", len(body), kind))
    file.write(body)
    file.write(struct.pack(">I", crc32(body, crc32(kind))))
