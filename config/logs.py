"""What is written down. Nobody means to log a credential; here is what keeps one out that came where none belongs:
in a path, in a host, in the text of an exception."""

import logging
import re
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "[hidden]"
# Undone so often at most, where a credential may have been percent-encoded.
_MOST_LAYERS: Final = 5

_SECRET: Final = re.compile(
    r"snug_[a-z]{2}_[\w-]+"  # API keys and tickets say what they are
    r"|\b(?:eyJ|eyA|ewo|ewk|ewg|ewA)[\w-]{8,}(?:\.[\w-]*)*"  # a JSON object in base64: a JWT, or the beginning of one
    r"|(?<=snug_session=)[^\s;,]+"
    r"|(?i:(?<=bearer[ .])|(?<=[?&]token=))[^\s&'\"]+"
)

# One of them is in every credential, in lower case, as it is or encoded. Nearly no line has any: it is left as it is.
_MARKS: Final = ("%", "snug_", "eyj", "eya", "ewo", "ewk", "ewg", "bearer", "token=")


class Line(logging.Formatter):
    """One record as text, tracebacks included, with every credential in it hidden."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def without_secrets(text: str) -> str:
    """The text with HIDDEN in place of each credential. Where one was percent-encoded, nothing stays encoded."""
    lowered = text.lower()
    if not any(mark in lowered for mark in _MARKS):
        return text
    text = _SECRET.sub(HIDDEN, text)
    plain = text
    for _ in range(_MOST_LAYERS):
        if (decoded := unquote(plain)) == plain:
            break
        plain = decoded
    return _SECRET.sub(HIDDEN, plain) if _SECRET.search(plain.replace(HIDDEN, "")) else text
