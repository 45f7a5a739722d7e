"""Signed URLs: whoever holds one may fetch the file for FRESH seconds, and needs nothing else."""

import hmac
import time
from typing import Final, Literal
from urllib.parse import quote
from uuid import UUID

from django.utils.crypto import salted_hmac

from files.models import File
from tenants import sides

FRESH: Final = 300
FILE: Final = "file"
THUMBNAIL: Final = "thumbnail"
Variant = Literal["file", "thumbnail"]


def path_to(schema: str, file: File, variant: Variant, until: int, *, test: bool = False) -> str:
    """The path and query by which a file, or its thumbnail, is served up to `until` (Unix seconds); `test` for one of a
    test side, which the signature then says."""
    name = quote(file.name, safe="") if variant == FILE else "thumbnail.webp"
    signature = _marked(_signature(schema, file.key, variant, until), test)
    return f"/files/{file.key}/{variant}/{name}?until={until}&signature={signature}"


def is_good(schema: str, key: UUID, variant: str, until: str, signature: str, *, test: bool = False) -> bool:
    """Whether we signed exactly this for this workspace, and its time has not passed."""
    if not (until.isascii() and until.isdecimal() and len(until) <= 12 and signature.isascii()):
        return False
    expected = _marked(_signature(schema, key, variant, int(until)), test)
    return hmac.compare_digest(signature, expected) and int(until) >= time.time()


def _marked(signature: str, test: bool) -> str:
    return sides.TEST + signature if test else signature


def _signature(schema: str, key: UUID, variant: str, until: int) -> str:
    said = f"{schema}/{key}/{variant}/{until}"
    return salted_hmac("snug.files", said, algorithm="sha256").hexdigest()
