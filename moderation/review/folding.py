"""A text as a reader reads it: without what hides words, and shown in the order in which it is written."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

import msgspec

# Drawn as nothing, or as an empty place: fillers, joiners, selectors, and what Unicode keeps free for more of them.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Unseen, and turns round how the letters beside it are shown: marks, embeddings, overrides, isolates. Without them only
# letters that are themselves written from right to left do that.
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
# What browsers take for a dot in the name of a host.
_DOTS: Final = frozenset("\u3002\uff0e\uff61")
# Most of what is written: looked up, and not taken apart.
_PLAIN: Final = {each: "" if _UNSEEN.match(each) else each.lower() for each in map(chr, range(128))}

# Each is folded into the two or three letters that it is made of.
_HANGUL: Final = re.compile("[\uac00-\ud7a3]")
# What else stands for several (`ﷺ` for 18) is not written by the thousand.
_MOST_BESIDES: Final = 3_000

Span = tuple[int, int]


class Folded(msgspec.Struct, frozen=True):
    """A text as filters see it, and for each of its characters the place in the text it came from."""

    text: str
    places: list[int]

    def span(self, begin: int, end: int) -> Span:
        """Where in the text as it was written a piece of the folded one stands."""
        return self.places[begin], self.places[end - 1] + 1


def unturned(text: str) -> str:
    """A text that is shown in the order in which it is written, trimmed."""
    return _TURNING.sub("", text).strip() if _TURNING.search(text) else text


def fold(text: str) -> Folded:
    """A text without case, accents, fullwidth letters and unseen characters."""
    return _made(text, _folded)


def swollen(text: str, folded: Folded) -> bool:
    """Whether a text stands for far more letters than anybody means by one of its length."""
    return len(folded.text) > len(text) + 2 * len(_HANGUL.findall(text)) + _MOST_BESIDES


def fold_address(text: str) -> Folded:
    """The same for what programs read: accents count there."""
    return _made(text, _folded_of_address)


def _made(text: str, folded_of: Callable[[str], str]) -> Folded:
    folded: list[str] = []
    places: list[int] = []
    known = dict(_PLAIN)
    for place, character in enumerate(text):
        plain = known.get(character)
        if plain is None:
            plain = known[character] = folded_of(character)
        if plain:
            folded.append(plain)
            places += [place] * len(plain)
    return Folded("".join(folded), places)


def _folded(character: str) -> str:
    if _UNSEEN.match(character):
        return ""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).casefold())
    return "".join(part for part in parts if not _hidden(part))


def _folded_of_address(character: str) -> str:
    if character in _DOTS:
        return "."
    if _UNSEEN.match(character) or unicodedata.category(character) == "Cf":
        return ""
    return unicodedata.normalize("NFKC", character).lower()


def _hidden(character: str) -> bool:
    """Marks that a word can do without: accents, but not the vowel signs of scripts in which those are marks."""
    if _UNSEEN.match(character):
        return True
    category = unicodedata.category(character)
    return category == "Cf" or (category == "Mn" and not "\u0700" <= character <= "\u1aaf")
