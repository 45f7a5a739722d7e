"""What an invitation says, one JSON file a language. tests/workspaces/test_wording.py keeps the files alike.

`{inviter}`, `{workspace}`, `{host}` and `{days}` are filled in; `roles` say what somebody is to be, and may do.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

DEFAULT: Final = "en"
_RIGHT_TO_LEFT: Final = frozenset({"ar"})
_FOLDER: Final = Path(__file__).parent


class InvitationWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mail's words, with places to fill in."""

    subject: str
    title: str
    line: str
    button: str
    foot: str


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language."""

    invitation: InvitationWords
    roles: dict[str, str]
    language: str = ""

    @property
    def right_to_left(self) -> bool:
        return self.language in _RIGHT_TO_LEFT


def languages() -> tuple[str, ...]:
    """The languages there are, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def wording(locale: str) -> Wording:
    """The wording for a locale such as `de` or `de-AT`; English for a language there is none for."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return _load(language if language in languages() else DEFAULT)


@cache
def _load(language: str) -> Wording:
    texts: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return msgspec.convert({**texts, "language": language}, Wording)
