"""The icons of the chat page, cut out of the house's drawn set and put into the page itself.

A page that has lost its network still has to draw "offline" and "not sent": it must not fetch a picture then.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from django.contrib.staticfiles import finders
from django.utils.safestring import SafeString, mark_safe

NAMES: Final = (
    *(
        "alert",
        "arrow-right",
        "block",
        "check",
        "chevron-down",
        "clock",
        "copy",
        "door",
        "dots",
        "hash",
        "info",
    ),
    *("lock", "menu", "pencil", "plus", "sliders", "smile", "trash", "users"),
)
# What stands on the page alone: the widget's frame has no list of rooms.
_PAGE_ONLY: Final = frozenset({"hash", "menu", "sliders"})
_SYMBOL: Final = re.compile(r'<symbol id="([a-z-]+)".*?</symbol>', re.DOTALL)


@cache
def sprite(*, embed: bool) -> SafeString:
    """The symbols that the chat page or (`embed`) its frame uses, as markup; their ids begin with `i-`, apart from the
    page's own.

    Raises LookupError when one is not in the set.
    """
    path = finders.find("snug/icons.svg")
    if not isinstance(path, str):
        raise LookupError("static/snug/icons.svg is missing")
    with open(path, encoding="utf-8") as file:
        drawn = {match[1]: match[0] for match in _SYMBOL.finditer(file.read())}
    names = [name for name in NAMES if not (embed and name in _PAGE_ONLY)]
    return mark_safe("".join(drawn[name].replace('id="', 'id="i-', 1) for name in names))  # noqa: S308 (our own file)
