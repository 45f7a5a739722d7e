"""Sites that a message links to: with a scheme or `www.`, or a bare name that a reader would open.

What counts is the host that a browser would go to: without whom the link is said to be from, however many slashes stand
before it, percent signs and unseen characters taken away, and the same in Unicode and in punycode. A text
is gone through as the chat page makes links of it, as a browser's address bar takes it, and as a reader reads it.

All of it is linear in the text: each stretch that may name a host is looked at once, and of what is longer than a name
may be only as much as a name has.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote

import idna

from moderation.review.folding import Span, fold_address

EVERY: Final = "*"
DOMAIN: Final = re.compile(
    r"(?=.{4,120}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)

_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63
_PUNYCODE: Final = "xn--"
# So many characters may become one when they are composed; and no more than idna takes at once.
_COMPOSED: Final = 4
_AT_ONCE: Final = 500

_OPEN: Final = re.compile(r"(?<![A-Za-z0-9_])(?=[Ww]{3}\.)|[A-Za-z][A-Za-z0-9+.-]{0,20}:[/\\]+")
_PATH: Final = r"/?#\\"
# White space as JavaScript knows it.
_SPACE: Final = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
# How far what stands before the path goes: where the chat page ends a link (static/snug/chat/text.js), and in general.
_ON_THE_PAGE: Final = re.compile(rf"[^{_SPACE}{_PATH}<>\"'`{{}}|^\u2066-\u2069\u202a-\u202e]*")
_IN_GENERAL: Final = re.compile(rf"[^{_SPACE}{_PATH}]*")
_ONLY_ON_THE_PAGE: Final = re.compile("[<>\"'`{}|^\u2066-\u2069\u202a-\u202e]")
# What a sentence puts after a link, and browsers take off one.
_AFTER: Final = ".,;!…)]" + "".join(map(chr, range(32)))
# What was gone through is not gone back over: a long run of letters costs no more than its length.
_BARE: Final = re.compile(r"(?<![\w./-])(?P<bare>(?:[\w-]++\.)++[\w-]{2,24}+)(?![\w@])")
# What a bare name ends in, for a reader to take it for a site; `e.g.` and `node.js` are none.
_OPENED: Final = frozenset(
    "ai app biz bid cc cf click club co com de dev eu fr ga gg gl gq icu info io jp life link live ly me ml mobi net "
    "online org pro pw ru shop site space store stream tk to top tv uk us vip website win work ws xyz".split()
)


def find(text: str) -> Iterator[tuple[str, bool, Span]]:
    """Each host that is named, as `compared` says it; whether it surely is a link; and where it stands in the text."""
    folded = fold_address(text)
    hosts = cache(_end_of_host)
    seen: set[tuple[str, Span]] = set()
    for read, end_of in _readings(text, folded.text):
        for name, begin, end in _opened(read, end_of):
            span = folded.span(begin, end) if read is folded.text else (begin, end)
            # Which of the two it is depends on the browser's age.
            for spelt in dict.fromkeys((name, name.replace("\u1e9e", "ss"))):
                found = hosts(spelt), span
                if found not in seen:
                    seen.add(found)
                    yield found[0], True, span
    for bare in _BARE.finditer(folded.text):
        found = hosts(bare["bare"]), folded.span(*bare.span("bare"))
        if found not in seen and "." in found[0]:
            yield found[0], found[0].rpartition(".")[2] in _OPENED, found[1]


def host_of(name: str) -> str:
    """The name of a host as it is asked for: lower case, ASCII. Empty where no host can have it."""
    try:
        return ".".join(_asked_for(label) for label in _mapped(name).split("."))
    except UnicodeError:
        return ""


def compared(host: str) -> str:
    """What `host_of` said, as `find` says it: in Unicode, which costs less than punycode."""
    return ".".join(_read(label) for label in host.split("."))


def patterns_for(host: str, surely: bool) -> Iterator[str]:
    """The patterns of filters that are about this host: itself, each domain that it is below, and EVERY."""
    if surely:
        yield EVERY
    while host:
        yield host
        host = host.partition(".")[2]


def _readings(text: str, folded: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    yield text, _ON_THE_PAGE
    if _ONLY_ON_THE_PAGE.search(text):
        yield text, _IN_GENERAL
    if folded != text:
        yield folded, _ON_THE_PAGE


def _opened(text: str, end_of: re.Pattern[str]) -> Iterator[tuple[str, int, int]]:
    """Each name of a host that something opens, as it is written, and where the link begins and its authority ends.

    Where one begins, others may begin within it: `http://a|https://b`, `a@www.b@www.c`. Those that lead to the same
    name are told once, from where the first begins."""
    end = at = since = looked_at = -1
    for opened in _OPEN.finditer(text):
        begin = opened.end()
        if begin > end and (authority := end_of.match(text, begin)):
            end = authority.end()
            at = text.rfind("@", begin, end) + 1
        begin = max(begin, at)
        if begin >= looked_at:
            since = begin
            colon = text.find(":", begin, end)
            looked_at = end if colon < 0 else colon
        elif begin == since or text.find(".", begin + len("www."), looked_at) >= 0:
            # All that it is below has been told; only `www.com` is a site by itself.
            continue
        if name := text[begin:looked_at].rstrip(_AFTER):
            yield name, opened.start(), end


def _end_of_host(name: str) -> str:
    """The host, or as much of its end as a name may have: whatever stands before that is below it."""
    return ".".join(_labels(_mapped(name).rstrip(_AFTER)))


def _mapped(name: str) -> str:
    """As browsers map it (UTS 46): without case, unseen characters, and other forms of the same letters."""
    if "%" in name:
        name = unquote(name)
    if name.isascii():
        return name.lower()
    mapped: list[str] = []
    left = _LONGEST_HOST * _COMPOSED
    # From its end, and no more than a name may have.
    for end in range(len(name), 0, -_AT_ONCE):
        piece = name[max(end - _AT_ONCE, 0) : end]
        try:
            piece = idna.uts46_remap(piece, std3_rules=False)
        except idna.IDNAError:  # no browser takes it, but readers may read it
            piece = normalize("NFKC", piece).lower()
        mapped.append(piece)
        left -= len(piece)
        if left < 0:
            break
    return normalize("NFC", "".join(reversed(mapped)))


def _labels(mapped: str) -> list[str]:
    """The labels of a mapped name, as many from its end as a name may have."""
    labels: list[str] = []
    left = _LONGEST_HOST + 1
    for label in reversed(mapped.rsplit(".", _LONGEST_HOST // 2 + 1)):
        left -= len(label) + 1
        if not 0 < len(label) <= _LONGEST_LABEL or left < 0:
            break
        labels.append(_read(label))
    return labels[::-1]


def _read(label: str) -> str:
    """A mapped label in Unicode."""
    if not label.startswith(_PUNYCODE) or not label.isascii():
        return label
    try:
        read = label.removeprefix(_PUNYCODE).encode().decode("punycode")
    except UnicodeError:  # it is a name all the same
        return label
    return label if read.isascii() else read


def _asked_for(label: str) -> str:
    """A mapped label in ASCII. Raises UnicodeError where it is too long."""
    # What encodes it takes as long as the square of its length.
    if len(label) > _LONGEST_LABEL:
        raise UnicodeError
    asked = label if label.isascii() else _PUNYCODE + label.encode("punycode").decode()
    if len(asked) > _LONGEST_LABEL:
        raise UnicodeError
    return asked
