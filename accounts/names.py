"""The ids and names that people arrive with: what is let in and what is refused."""

import unicodedata
from typing import Final

RESERVED_PREFIXES: Final = ("staff:", "guest:", "bot:", "deleted:")
MAX_SUB: Final = 128
MAX_NAME: Final = 100
MAX_AVATAR: Final = 500
MOST_READ: Final = 1000

# Control and format characters (Cc, Cf), as the inside of a regular expression's brackets: what JSON Schema can say.
CONTROL: Final = "\x00-\x1f\x7f-\x9f"
FORMAT: Final = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U00013438\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f"
)
SPACES: Final = "\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

# Letters that look like nothing: with them, as with format characters (Cf), one name passes for another.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


class BadName(ValueError):
    """The id or name is refused; the text is a sentence."""


def storable(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold `text`: neither NUL nor lone surrogates."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_sub(sub: object) -> str:
    """A user's id as a tenant may choose it. Raises BadName."""
    if not isinstance(sub, str) or not 1 <= len(sub) <= MAX_SUB:
        raise BadName(f"sub must be a string of 1 to {MAX_SUB} characters.")
    if sub in (".", ".."):
        raise BadName("sub must not be “.” or “..”, which stand for other places in a URL.")
    if "/" in sub or not storable(sub) or any(unicodedata.category(each) == "Cc" for each in sub):
        raise BadName("sub must not contain a slash or control characters.")
    if "\ufffd" in sub:
        raise BadName("sub must be UTF-8: part of it could not be read.")
    # As a person would read it: fullwidth letters, unseen characters and spaces in front do not hide a prefix.
    read = unicodedata.normalize("NFKC", "".join(_seen(character) for character in sub)).strip()
    if not read:
        raise BadName("sub must have characters that can be seen.")
    if read.lower().startswith(RESERVED_PREFIXES):
        raise BadName(
            "sub must not begin with “staff:”, “guest:”, “bot:” or “deleted:”, which are Snug's own."
        )
    return sub


def clean_name(name: object) -> str:
    """A display name, trimmed, in one line, at most MAX_NAME characters. None is no name. Raises BadName."""
    if name is None:
        return ""
    if not isinstance(name, str) or not storable(name):
        raise BadName("name must be a string of ordinary characters.")
    seen = "".join(_seen(character) for character in name[:MOST_READ])
    return " ".join(seen.split())[:MAX_NAME].rstrip()


def _seen(character: str) -> str:
    """What is left of a character in a name: itself, a space for a control character, nothing for an unseen one."""
    category = unicodedata.category(character)
    if category == "Cf" or character in _BLANK:
        return ""
    return " " if category == "Cc" else character


def clean_avatar(avatar: object) -> str:
    """An avatar's https address, or nothing. Raises BadName."""
    if avatar is None or avatar == "":
        return ""
    if not isinstance(avatar, str) or not storable(avatar) or len(avatar) > MAX_AVATAR:
        raise BadName(f"avatar must be an https address of at most {MAX_AVATAR} characters.")
    if not avatar.startswith("https://") or any(c.isspace() for c in avatar):
        raise BadName("avatar must be an https address.")
    return avatar
