"""What somebody asks for, taken apart into words. PostgreSQL does the rest, to them as to messages (snug_query)."""

import re
import string
import unicodedata
from typing import Final

# Characters of a question, before and after it is made plain: ﷺ alone is eighteen.
LONGEST: Final = 200
# Of a word that is longer so much is looked for: PostgreSQL takes 2,046 bytes.
LONGEST_TERM: Final = 128

_APART: Final = str.maketrans(dict.fromkeys([*string.punctuation, *map(chr, range(32)), "\x7f"], " "))
# Scripts that know no spaces, as snug_plain has them.
UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
_RUNS: Final = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
# Letters that are no letter with an accent to Unicode, and are to those who type without one.
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)


def terms_of(question: str) -> list[str]:
    """Its words in their order, none twice; the last may be the beginning of one. Nothing PostgreSQL cannot hold."""
    plain = unicodedata.normalize("NFKC", question[:LONGEST].encode(errors="ignore").decode())
    words = plain[: 2 * LONGEST].translate(_APART).split()
    latest_last = dict.fromkeys(word[:LONGEST_TERM] for word in reversed(words))
    return list(reversed(latest_last))


def folded(word: str) -> str:
    """A word without case and accents: for showing matches, nearly what PostgreSQL's `unaccent` makes of it."""
    apart = unicodedata.normalize("NFKD", word)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.casefold().translate(_LETTERS)


def runs(word: str) -> list[str]:
    """A word's parts of one kind each: of scripts that know no spaces, or of those that do."""
    return _RUNS.findall(word)
