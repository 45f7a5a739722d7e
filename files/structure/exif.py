"""The one thing of EXIF that matters to pixels: how the camera was held."""

import struct
from typing import Final

_TURN: Final = 0x0112
_SHORT: Final = 3
_MOST_TAGS: Final = 1_000  # a camera writes some sixty


def turn_in(exif: bytes) -> int:
    """How a picture is to be turned, 1 to 8; 1, not at all, where these bytes do not say."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (tags,) = struct.unpack_from(f"{order}H", tiff, at)
        for place in range(at + 2, at + 2 + 12 * min(tags, _MOST_TAGS), 12):
            tag, type_, _, turn = struct.unpack_from(f"{order}HHIH", tiff, place)
            if (tag, type_) == (_TURN, _SHORT):
                return turn if 1 <= turn <= 8 else 1
    except struct.error:
        pass  # it ends early: pixels do not depend on it
    return 1
