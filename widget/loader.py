"""The text of `/widget.js` for one tenant: widget/loader.js with the tenant's words and colours filled in.

The file is plain code that needs no build; only comment lines and spare white space are dropped, which keeps what
every page of a customer loads within 3 KB.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec

from widget.wording import wording

_SOURCE: Final = Path(__file__).with_name("loader.js")
_PLACE: Final = "CONFIG"
# Space that CSS does not need: around braces and semicolons, after commas and colons.
_SPACE: Final = re.compile(r"\s*([{};])\s*|([,:])\s+|\s+")
# Space that code does not need: around signs. Strings stay as they are, and so do lines.
_SIGNS: Final = re.compile(r"""("[^"\n]*"|'[^'\n]*')| *([=!?:&|+<>{},;()]+) *""")


class Loader(msgspec.Struct, frozen=True):
    """A loader ready to be sent: as it is, compressed, and the entity tag of both."""

    plain: bytes
    compressed: bytes
    etag: str


@lru_cache(maxsize=256)
def loader(locale: str, accent: str) -> Loader:
    """The loader of every tenant with this locale and accent (`#rrggbb`, or empty for the house's own)."""
    words = wording(locale)
    config = {"dir": words.direction, "accent": accent, "words": words.launcher}
    head, _, tail = _code().rpartition(_PLACE)
    plain = f"{head}{json.dumps(config, ensure_ascii=False, separators=(',', ':'))}{tail}".encode()
    digest = hashlib.sha256(plain).hexdigest()[:20]
    return Loader(plain, gzip.compress(plain, 9, mtime=0), f'"{digest}"')


@cache
def _code() -> str:
    lines = (line.strip() for line in _SOURCE.read_text(encoding="utf-8").splitlines())
    before, css, after = "\n".join(line for line in lines if line and not line.startswith("//")).split("`", 2)
    return f"{_SIGNS.sub(_squeeze, before)}`{_SPACE.sub(_squeeze, css)}`{_SIGNS.sub(_squeeze, after)}"


def _squeeze(space: re.Match[str]) -> str:
    return space[1] or space[2] or " "
