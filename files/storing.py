"""Where the bytes are: Django's default storage, each workspace in a folder of its own."""

from typing import IO

from django.core.files.base import File as Content
from django.core.files.storage import default_storage

from files.links import THUMBNAIL, Variant
from files.models import File


def path_of(schema: str, file: File, variant: Variant = "file") -> str:
    """The name under which the storage has it. Nothing in it was anybody's to choose."""
    ending = ".thumbnail" if variant == THUMBNAIL else ""
    return f"{schema}/{file.key.hex[:2]}/{file.key}{ending}"


def store(schema: str, file: File, content: IO[bytes], variant: Variant = "file") -> None:
    """Keep the bytes."""
    default_storage.save(path_of(schema, file, variant), Content(content))


def read(schema: str, file: File, variant: Variant) -> IO[bytes]:
    """The bytes, to be closed. Raises FileNotFoundError."""
    opened: IO[bytes] = default_storage.open(path_of(schema, file, variant))
    return opened


def remove(schema: str, file: File) -> None:
    """Delete the bytes; what is gone already is no fault."""
    default_storage.delete(path_of(schema, file))
    if file.is_picture:
        default_storage.delete(path_of(schema, file, THUMBNAIL))
