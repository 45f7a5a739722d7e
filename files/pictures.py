"""Pictures, made anew: what comes out holds pixels and nothing else, whatever was hidden in what came in."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any, Final

from PIL import Image, ImageCms, ImageSequence
from PIL.Image import Transpose

from files import structure
from files.structure import BadPicture, Bare
from files.structure.limits import damaged

__all__ = ["THUMBNAIL_TYPE", "BadPicture", "Picture", "made_anew"]

THUMBNAIL: Final = (480, 480)
THUMBNAIL_TYPE: Final = "image/webp"

_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "GIF": {},
    "WEBP": {"quality": 90, "method": 4},
}
# Each frame is encoded in several ways, of which the smallest is kept: with less effort each.
_MOVING_OPTIONS: Final[dict[str, dict[str, Any]]] = {"GIF": {}, "WEBP": {"quality": 90, "method": 1}}
_IN_MEMORY: Final = 4 * 1024 * 1024
# How EXIF says that a picture is to be turned.
_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


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
    file.seek(0)
    bare = structure.bare(file.read(), format_)
    try:
        with Image.open(bare.file, formats=[format_]) as image:
            if image.width > bare.width or image.height > bare.height:
                raise damaged()
            return _drawn(image, format_, bare)
    except BadPicture:
        raise
    # Decoders of hostile bytes fail in every way there is: Pillow names no class of its own for them.
    except Exception as error:
        raise damaged() from error


def _drawn(image: Image.Image, format_: str, bare: Bare) -> Picture:
    kept: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller reads it
    first = _still(image, bare.turn)
    if len(bare.pauses) > 1:
        frames = _frames(image)
        next(frames).save(
            kept,
            format_,
            save_all=True,
            append_images=frames,
            duration=list(bare.pauses),
            loop=image.info.get("loop", 0),
            **_MOVING_OPTIONS[format_],
        )
    else:
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


def _still(image: Image.Image, turn: int) -> Image.Image:
    """The picture as it is meant to be seen: the right way up, in the colours of the web, with no word about itself."""
    colours = image.info.get("icc_profile")
    upright = image.transpose(_TURNS[turn]) if turn in _TURNS else image
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
