"""How much a picture may be: the one place of these figures."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

# A picture is taken apart in memory, four bytes a pixel. A core makes 40 million of a JPEG anew in a second, and takes
# up to five for 16 million of the others; pixels cost whoever sends them next to nothing.
MOST_PIXELS: Final = {"JPEG": 40_000_000, "PNG": 16_000_000, "GIF": 16_000_000, "WEBP": 16_000_000}
# Of all frames of a moving one together, and how many there may be.
MOST_MOVING_PIXELS: Final = 24_000_000
MOST_FRAMES: Final = 500
# How often a JPEG may go through all of its pixels. Those that come in ever sharper do about ten times; each time takes
# a few bytes and a tenth of a second.
MOST_SCANS: Final = 64
# How many parts a file may be made of: each costs the walk, and a decoder's. The longest file that a plan allows, of
# usual parts (255 bytes in a GIF, 8 KiB in a PNG, 64 KiB in a JPEG), has fewer.
MOST_BLOCKS: Final = 500_000
MOST_CHUNKS: Final = 65_536
MOST_SEGMENTS: Final = 4_096
# Of a profile of colours, in bytes; those of printing presses have two million.
LARGEST_PROFILE: Final = 4 * 1024 * 1024
# Of a frame, in milliseconds; and where it says nothing, or is longer.
_LONGEST_PAUSE: Final = 60_000
_PAUSE: Final = 100


class BadPicture(Exception):
    """A picture that cannot be made anew; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A picture's file with nothing in it but what a decoder needs; all of its frames have this size in pixels.

    `pauses` are how long each frame of a moving one stays, in milliseconds. `turn` is how the picture is to be turned,
    as EXIF has it: 1 to 8, where 1 is not at all.
    """

    file: BytesIO
    width: int
    height: int
    pauses: tuple[int, ...] = ()
    turn: int = 1


def pause_of(milliseconds: int | None) -> int:
    """How long a frame that says so, or nothing, stays, in milliseconds."""
    return _PAUSE if milliseconds is None or milliseconds > _LONGEST_PAUSE else milliseconds


def damaged() -> BadPicture:
    return BadPicture("This picture is damaged: it cannot be read.")


def check_parts(count: int, most: int) -> None:
    """Raises BadPicture."""
    if count > most:
        raise BadPicture("This picture's file is made of too many parts. Save it anew, and send that.")


def check_size(width: int, height: int, format_: str) -> None:
    """Raises BadPicture."""
    pixels, most = width * height, MOST_PIXELS[format_]
    if not pixels:
        raise damaged()
    if pixels > most:
        raise BadPicture(
            f"This picture has {pixels:,} pixels; of a {format_} at most {most:,} are taken. Send a smaller one."
        )


def check_moving(frames: int, width: int, height: int) -> None:
    """Raises BadPicture."""
    if frames > MOST_FRAMES or (frames > 1 and frames * width * height > MOST_MOVING_PIXELS):
        raise BadPicture("This moving picture is too long. Send a shorter or smaller one, or a video.")
