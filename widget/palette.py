"""A tenant's one accent colour, made readable on light and on dark surfaces.

Ratios are those of WCAG 2.2: 4.5 for words. The surfaces below are the least favourable ones on which
static/snug/tokens.css lets accent-coloured words stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Rgb = tuple[float, float, float]

WORDS = 4.5
BLACK: Rgb = (0.0, 0.0, 0.0)
WHITE: Rgb = (1.0, 1.0, 1.0)
_DARKEST_PAPER: Rgb = (0.93, 0.92, 0.90)
_LIGHTEST_NIGHT: Rgb = (0.165, 0.155, 0.145)
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Palette:
    """Hex colours: the accent, what stands on it, and the accent as words on either kind of surface."""

    accent: str
    on_accent: str
    ink_by_day: str
    ink_by_night: str


def palette(accent: str) -> Palette | None:
    """The palette of a hex colour (`#rrggbb`, the hash optional), or None when it is no such colour."""
    match = _HEX.fullmatch(accent)
    if match is None:
        return None
    colour = _parse(match[1])
    return Palette(
        accent=_hex(colour),
        on_accent="#ffffff" if contrast(WHITE, colour) >= contrast(BLACK, colour) else "#000000",
        ink_by_day=_hex(_until_readable(colour, towards=BLACK, on=_DARKEST_PAPER)),
        ink_by_night=_hex(_until_readable(colour, towards=WHITE, on=_LIGHTEST_NIGHT)),
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _until_readable(colour: Rgb, *, towards: Rgb, on: Rgb) -> Rgb:
    for step in range(_STEPS):
        mixed = _mix(colour, towards, step / _STEPS)
        if contrast(mixed, on) >= WORDS:
            return mixed
    return towards


def _mix(colour: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse(digits: str) -> Rgb:
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
