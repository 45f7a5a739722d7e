"""What a file is called, as far as that is for others to read."""

import re
import unicodedata
from typing import Final

from accounts.names import CONTROL, FORMAT

MOST: Final = 120
UNNAMED: Final = "file"
# What some system or other takes for something else than part of a name; and what turns a name's ending round.
_UNWANTED: Final = re.compile(f'[{CONTROL}{FORMAT}<>:"|?*%\ufffd\ud800-\udfff]')
_OF_PICTURES: Final = frozenset("jpeg png gif webp heic heif avif bmp tif tiff svg".split())
_SPACES: Final = re.compile(r"\s+")


def cleaned(name: str) -> str:
    """A file's name without folders, control characters and signs that mean something elsewhere; never empty, at most
    MOST characters, its ending kept."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = _SPACES.sub(" ", _UNWANTED.sub("", name)).strip(" .")
    if len(name) > MOST:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        name = name[: MOST - len(ending)].rstrip(" .") + ending
    return name or UNNAMED


def with_ending(name: str, ending: str) -> str:
    """The name, ending as what it now is: `photo.heic` that was made a JPEG."""
    stem, _, old = name.rpartition(".")
    old = {"jpg": "jpeg", "jpe": "jpeg"}.get(old.lower(), old.lower())
    if stem and old == ending:
        return name
    bare = stem if stem and old in _OF_PICTURES else name
    return f"{bare[: MOST - len(ending) - 1]}.{ending}"
