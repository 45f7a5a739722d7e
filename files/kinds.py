"""Which files are taken, and as what: told by their own bytes, never by what a client says of them."""

import re
from dataclasses import dataclass
from typing import IO, Final

import filetype

PICTURES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
# Browsers show these by themselves, and run nothing that is in them. All else is only ever downloaded.
_SHOWN: Final = ("image/", "audio/", "video/")
_MEDIA: Final = (
    *("audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/flac", "audio/aac"),
    *("video/mp4", "video/webm", "video/quicktime", "video/x-matroska", "video/3gpp", "video/mpeg"),
)
_OFFICE: Final = (
    *("application/pdf", "application/rtf", "application/epub+zip"),
    *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
)
TAKEN: Final = frozenset([*PICTURES, *_MEDIA, *_OFFICE, "application/zip"])
# The library's older names for some.
_NAMES: Final = {"audio/x-wav": "audio/wav", "audio/x-flac": "audio/flac"}

# Anything that is text is text; its name's ending says which, since text has no signature.
TEXT: Final = "text/plain"
_TEXTS: Final = {
    "csv": "text/csv",
    "md": "text/markdown",
    "json": "application/json",
    "xml": "application/xml",
    "html": "text/html",
    "htm": "text/html",
    "svg": "image/svg+xml",
    "js": "text/javascript",
    "css": "text/css",
}
# Bytes that no text has: control characters, but for those that lay it out.
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_HEAD: Final = 8192
_CHUNK: Final = 1024 * 1024


class NotTaken(Exception):
    """A file of a kind that is not taken; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is."""

    type: str

    @property
    def is_picture(self) -> bool:
        return self.type in PICTURES


def kind_of(file: IO[bytes], name: str) -> Kind:
    """The kind of a file, which is then at its beginning again. Raises NotTaken."""
    try:
        file.seek(0)
        guessed = filetype.guess(file.read(_HEAD))
        type_ = _NAMES.get(guessed.mime, guessed.mime) if guessed else ""
        if type_ in TAKEN:
            return Kind(type_)
        if _is_text(file):
            return Kind(_TEXTS.get(name.rpartition(".")[2].lower(), TEXT))
    finally:
        file.seek(0)
    raise NotTaken(
        "Files of this kind are not taken. Pictures (JPEG, PNG, GIF, WebP), PDF, text, office documents, audio, video "
        "and zip archives are."
    )


def is_shown(type_: str) -> bool:
    """Whether a browser may show it in place. Not SVG: it can hold scripts, and is text to us."""
    return type_.startswith(_SHOWN) and type_ in TAKEN


def _is_text(file: IO[bytes]) -> bool:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        if _NO_TEXT.search(chunk):
            return False
    return True
