"""What billing's mails say, one JSON file a language. tests/billing/test_wording.py keeps the files alike.

A notice is a subject, a title, lines and a button; `{plan}`, `{amount}`, `{date}` and the like are filled in.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

DEFAULT: Final = "en"
_FOLDER: Final = Path(__file__).parent


class Notice(msgspec.Struct, frozen=True):
    """One mail's words, with places to fill in."""

    subject: str
    title: str
    lines: tuple[str, ...]
    button: str


class Wording(msgspec.Struct, frozen=True):
    """One language. `date` puts `{day}`, `{month}` and `{year}` in order, `thousands` groups figures. `ends` and `over`
    are the last line of a mail about money: by when paying keeps the plan, or that it has ended."""

    months: tuple[str, ...]
    date: str
    thousands: str
    decimal: str
    money: str
    foot: str
    ends: str
    over: str
    notices: dict[str, Notice]
    language: str = ""

    def day(self, moment: str) -> str:
        """A moment in RFC 3339 as a date in UTC."""
        at = datetime.fromisoformat(moment)
        return self.date.format(day=at.day, month=self.months[at.month - 1], year=at.year)

    def figure(self, value: int) -> str:
        return f"{value:,}".replace(",", self.thousands)

    def amount(self, cents: int, currency: str = "usd") -> str:
        """Money to the cent, US dollars as the language writes them, others with the currency's code after it."""
        figure = f"{self.figure(cents // 100)}{self.decimal}{cents % 100:02}"
        return self.money.format(figure=figure) if currency == "usd" else f"{figure} {currency.upper()}"


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
