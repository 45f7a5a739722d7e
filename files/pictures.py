"""Pictures, made anew: what comes out holds pixels and nothing else, whatever was hidden in what came in."""

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any, Final

from PIL import Image, ImageCms, ImageOps, ImageSequence

# A picture is taken apart in memory, four bytes a pixel: so many at most, and one at a time in each process.
MOST_PIXELS: Final = 40_000_000
# Of all frames of a moving one together, and how many there may be.
MOST_MOVING_PIXELS: Final = 60_000_000
MOST_FRAMES: Final = 500
THUMBNAIL: Final = (480, 480)
THUMBNAIL_TYPE: Final = "image/webp"

_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "GIF": {},
    "WEBP": {"quality": 90, "method": 4},
}
_IN_MEMORY: Final = 4 * 1024 * 1024
_turn = threading.Lock()


class BadPicture(Exception):
    """A picture that cannot be made anew; the text is a sentence."""


@dataclass(frozen=True)
class Picture:
    """A picture made anew, with its size in pixels. Both files are at their beginning."""

    file: IO[bytes]
    thumbnail: IO[bytes]
    width: int
    height: int


def made_anew(file: IO[bytes], type_: str) -> Picture:
    """The picture in `file`, which is of this type. Raises BadPicture, where it is none or too large among others."""
    format_ = _FORMATS[type_]
    with _turn:
        try:
            with Image.open(file, formats=[format_]) as image:
                _check_size(image)
                return _drawn(image, format_)
        except BadPicture:
            raise
        # Decoders of hostile bytes fail in every way there is: Pillow names no class of its own for them.
        except Exception as error:
            raise BadPicture("This picture is damaged: it cannot be read.") from error


def _check_size(image: Image.Image) -> None:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise BadPicture(
            f"This picture has {pixels:,} pixels; at most {MOST_PIXELS:,} are taken. Send a smaller one."
        )
    if not getattr(image, "is_animated", False):
        return
    frames = getattr(image, "n_frames", 1)
    if frames > MOST_FRAMES or frames * pixels > MOST_MOVING_PIXELS:
        raise BadPicture("This moving picture is too long. Send a shorter or smaller one, or a video.")


def _drawn(image: Image.Image, format_: str) -> Picture:
    kept: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller reads it
    if getattr(image, "is_animated", False) and format_ in ("GIF", "WEBP"):
        first = _still(image)
        pauses = [_pause(frame) for frame in ImageSequence.Iterator(image)]
        frames = _frames(image)
        next(frames).save(
            kept,
            format_,
            save_all=True,
            append_images=frames,
            duration=pauses,
            loop=image.info.get("loop", 0),
            **_OPTIONS[format_],
        )
    else:
        first = _still(image)
        first.save(kept, format_, **_OPTIONS[format_])
    small = first.copy()
    small.thumbnail(THUMBNAIL)
    thumbnail = BytesIO()
    small.save(thumbnail, "WEBP", quality=80)
    kept.seek(0)
    thumbnail.seek(0)
    return Picture(kept, thumbnail, first.width, first.height)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    for frame in ImageSequence.Iterator(image):
        bare = frame.convert("RGBA")
        bare.info = {}
        yield bare


def _pause(frame: Image.Image) -> int:
    """How long a frame stays, in milliseconds."""
    pause = frame.info.get("duration", 100)
    return int(pause) if isinstance(pause, int | float) and 0 <= pause <= 60_000 else 100


def _still(image: Image.Image) -> Image.Image:
    """The picture as it is meant to be seen: the right way up, in the colours of the web, with no word about itself."""
    colours = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    see_through = "A" in upright.getbands() or "transparency" in upright.info
    bare = _of_the_web(upright, colours) if colours and not see_through else upright
    bare = bare.convert("RGBA" if see_through else "L" if bare.mode in ("1", "L") else "RGB")
    bare.info = {}
    return bare


def _of_the_web(image: Image.Image, profile: bytes) -> Image.Image:
    """The same colours in sRGB: the profile itself is left out, as everything is that says who took the picture."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        changed = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile that is none: as nobody else would heed it either
    return changed or image
