"""Where the words are that somebody asked for: a piece of the message as HTML, in which only <mark> is ours."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from rooms.search.terms import UNSPACED, folded, runs

# Characters of a message that are shown, and how many of them before the first match.
PIECE: Final = 240
BEFORE: Final = 60
# Beyond, a message is only shown from its beginning: taking it apart costs.
MOST: Final = 20_000

_UNSPACED: Final = re.compile(f"[{UNSPACED}]")
# Marks that belong to the letters before them, which \w does not know: accents, vowels of Hebrew, Arabic, India.
_MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0900-\u0dff"
_WORDS: Final = re.compile(rf"[{UNSPACED}]+|(?:(?![{UNSPACED}_])[\w{_MARKS}])+")


def highlight(text: str, terms: Sequence[str]) -> str:
    """A piece of `text` around the first match, escaped, each match in <mark>; `…` where something is left out."""
    spans = list(_spans(text[:MOST], terms))
    start = _start(text, spans[0][0] if spans else 0)
    end = start + PIECE
    pieces = ["…"] if start else []
    at = start
    for first, last in spans:
        if first < at or first >= end:
            continue
        pieces += [escape(text[at:first]), "<mark>", escape(text[first : min(last, end)]), "</mark>"]
        at = min(last, end)
    pieces.append(escape(text[at:end]))
    return "".join(pieces) + ("…" if end < len(text) else "")


def _start(text: str, first: int) -> int:
    """Where to begin so that a match at `first` is seen: at a word, where there is one nearby."""
    if first <= BEFORE:
        return 0
    start = first - BEFORE
    space = text.find(" ", start, first)
    return space + 1 if space >= 0 else start


def _spans(text: str, terms: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the terms are in the text, in order: the last of them at the beginning of words, the others as words."""
    parts = [word for term in terms for run in runs(term) for word in _WORDS.findall(run)]
    whole = {folded(part) for part in parts if not _UNSPACED.match(part)}
    inside = [part for part in parts if _UNSPACED.match(part)]
    beginning = folded(parts[-1]) if parts and not _UNSPACED.match(parts[-1]) else ""
    for found in _WORDS.finditer(text):
        if _UNSPACED.match(found[0]):
            yield from _within(found, inside)
        elif (word := folded(found[0])) in whole or (beginning and word.startswith(beginning)):
            yield found.span()


def _within(run: re.Match[str], parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Every part in a run that has no spaces, from the left."""
    if parts:
        any_of_them = re.compile("|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True)))
        for found in any_of_them.finditer(run[0]):
            yield run.start() + found.start(), run.start() + found.end()
