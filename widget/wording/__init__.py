"""What the widget and the chat page say, one JSON file a language.

A value is a text, several of them in a fixed order (title and text, say), or the plural forms of CLDR (`one`, `few`,
`other`, …). The browser fills in `{n}` and the like, and has the plural rules. tests/widget/test_wording.py
keeps the files alike.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

DEFAULT: Final = "en"
_FOLDER = Path(__file__).parent
_RIGHT_TO_LEFT = frozenset({"ar"})


class Wording(msgspec.Struct, frozen=True):
    """One language: `launcher` for the button on the host's page, `page` for the chat itself, `others` for what it says
    to whoever reports or blocks somebody."""

    language: str
    direction: str
    launcher: dict[str, Any]
    page: dict[str, Any]
    others: dict[str, Any]


@cache
def languages() -> tuple[str, ...]:
    """The languages there are, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def wording(locale: str) -> Wording:
    """The wording for a locale such as `de` or `de-AT`; English for a language there is none for."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return _load(language if language in languages() else DEFAULT)


@cache
def _load(language: str) -> Wording:
    texts = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
    return Wording(language, direction, texts["launcher"], texts["page"], texts["others"])
