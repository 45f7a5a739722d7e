"""What a picture's file is made of: walked without a decoder, which is given only what it needs of it.

So everything that costs is known before any of it is decoded, and a decoder has nothing else to stumble over.
"""

import struct
from collections.abc import Callable
from typing import Final

from files.structure import gif, jpeg, png, webp
from files.structure.limits import BadPicture, Bare, damaged

_WALKED: Final[dict[str, Callable[[bytes], Bare]]] = {
    "JPEG": jpeg.bare,
    "PNG": png.bare,
    "GIF": gif.bare,
    "WEBP": webp.bare,
}

__all__ = ["BadPicture", "Bare", "bare"]


def bare(content: bytes, format_: str) -> Bare:
    """The picture of this format, without what no decoder needs. Raises BadPicture."""
    try:
        return _WALKED[format_](content)
    except (struct.error, IndexError):  # it ends before it should
        raise damaged() from None
