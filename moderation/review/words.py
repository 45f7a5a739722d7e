"""Words that a workspace has filters for, found as a reader would read them (moderation.review.folding).

A filter stands for whole words, in a row where it has several; `*` in front of a single word or after it stands for any
letters. What is written without spaces (Chinese, Japanese, Thai …) and what has no letters (emoji) is found anywhere.

One pass over a text finds them all: what there is to look for at a place is looked up, so that a thousand filters cost
little more than one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from moderation.review.folding import Folded, Span, fold

MOST_WORDS: Final = 8  # in a row
LONGEST_PIECE: Final = 40  # found anywhere
# Letters and digits, and the vowel signs of scripts in which those are marks.
_WORD: Final = re.compile("(?:[^\\W_]|[\u0900-\u0963\u0970-\u1aaf])+")
_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_HEAD: Final = 3


def canonical(pattern: str) -> str:
    """A pattern as it is kept: what finds the same is the same. Raises ValueError with a sentence."""
    trimmed = pattern.strip()
    bare = " ".join(fold(trimmed.strip("*")).text.split())
    if "*" in bare:
        raise ValueError("a * stands in front of a word or after it, not within.")
    if not bare:
        raise ValueError("nothing would be found by it. Give a word, or part of one with a * beside it.")
    words = _WORD.findall(bare)
    before, after = trimmed.startswith("*"), trimmed.endswith("*")
    if _has_no_words(bare) or (before and after):
        if len(bare) > LONGEST_PIECE:
            raise ValueError(f"what is found anywhere has at most {LONGEST_PIECE} characters.")
        return bare if _has_no_words(bare) else f"*{bare}*"
    if len(words) > 1 and (before or after):
        raise ValueError("a * stands beside a single word, not beside several.")
    if len(words) > MOST_WORDS:
        raise ValueError(f"at most {MOST_WORDS} words in a row.")
    return ("*" if before else "") + " ".join(words) + ("*" if after else "")


def _has_no_words(bare: str) -> bool:
    """Whether nothing parts its words from others: it has no letters, or is written without spaces."""
    return not _WORD.search(bare) or bool(_SPACELESS.search(bare))


class Words:
    """The filters for words, ready to be looked for. `rules` pairs each canonical pattern with its finder's number."""

    def __init__(self, rules: Iterable[tuple[str, int]]) -> None:
        self._rows: dict[tuple[str, ...], int] = {}
        self._lengths_of_rows: defaultdict[str, set[int]] = defaultdict(set)
        self._beginnings: dict[str, int] = {}
        self._endings: dict[str, int] = {}
        self._pieces: dict[str, int] = {}
        self._lengths_of_pieces: defaultdict[str, set[int]] = defaultdict(set)
        for pattern, rule in rules:
            self._add(pattern, rule)
        self._lengths = sorted({len(each) for each in self._beginnings})
        self._lengths_back = sorted({len(each) for each in self._endings})
        self._heads = sorted({len(head) for head in self._lengths_of_pieces})

    def find(self, folded: Folded) -> Iterator[tuple[int, Span]]:
        """Each filter that applies, with where in the text as it was written."""
        if self._rows or self._beginnings or self._endings:
            yield from self._find_words(folded)
        if self._pieces:
            yield from self._find_pieces(folded)

    def _find_words(self, folded: Folded) -> Iterator[tuple[int, Span]]:
        found = list(_WORD.finditer(folded.text))
        words = [each[0] for each in found]
        for index, (word, here) in enumerate(zip(words, found, strict=True)):
            for length in self._lengths_of_rows.get(word, ()):
                row = tuple(words[index : index + length])
                if (rule := self._rows.get(row)) is not None:
                    yield rule, folded.span(here.start(), found[index + length - 1].end())
            for rule in self._beside(word):
                yield rule, folded.span(here.start(), here.end())

    def _beside(self, word: str) -> Iterator[int]:
        """The filters with which this word begins or ends."""
        for length in self._lengths:
            if length > len(word):
                break
            if (rule := self._beginnings.get(word[:length])) is not None:
                yield rule
        for length in self._lengths_back:
            if length > len(word):
                break
            if (rule := self._endings.get(word[-length:])) is not None:
                yield rule

    def _find_pieces(self, folded: Folded) -> Iterator[tuple[int, Span]]:
        text = folded.text
        for head in self._heads:
            for begin in range(len(text) - head + 1):
                for length in self._lengths_of_pieces.get(text[begin : begin + head], ()):
                    piece = text[begin : begin + length]
                    if len(piece) == length and (rule := self._pieces.get(piece)) is not None:
                        yield rule, folded.span(begin, begin + length)

    def _add(self, pattern: str, rule: int) -> None:
        bare = pattern.strip("*")
        row = tuple(_WORD.findall(bare))
        before, after = pattern.startswith("*"), pattern.endswith("*")
        if _has_no_words(bare) or (before and after):
            self._pieces[bare] = rule
            self._lengths_of_pieces[bare[:_HEAD]].add(len(bare))
        elif after:
            self._beginnings[bare] = rule
        elif before:
            self._endings[bare] = rule
        else:
            self._rows[row] = rule
            self._lengths_of_rows[row[0]].add(len(row))
