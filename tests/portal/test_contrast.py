"""Every pair of ink and surface that the design system allows can be read, by day and by night."""

import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "snug" / "tokens.css"

COLOUR = re.compile(
    r"^\s*--(?P<role>[a-z-]+):\s*light-dark\(oklch\((?P<light>[^)]+)\),\s*oklch\((?P<dark>[^)]+)\)\);",
    re.MULTILINE,
)

SURFACES = ("surface", "surface-raised", "surface-sunken", "surface-hover")
INKS = ("ink", "ink-quiet", "accent-ink", "danger", "warn", "ok")
WORDS = [(ink, surface) for ink in INKS for surface in SURFACES] + [
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-accent-soft", "accent-soft"),
    ("accent-ink", "accent-soft"),
    ("on-danger", "danger"),
    ("on-danger", "danger-hover"),
    ("on-danger-soft", "danger-soft"),
    ("danger", "danger-soft"),
    ("on-warn-soft", "warn-soft"),
    ("warn", "warn-soft"),
    ("on-ok-soft", "ok-soft"),
    ("ok", "ok-soft"),
    ("ink", "accent-soft"),
    ("ink", "danger-soft"),
    ("ink", "warn-soft"),
    ("ink", "ok-soft"),
    ("on-bubble", "bubble"),
    ("ink-quiet", "bubble"),
    ("accent-ink", "bubble"),
    ("on-bubble-own", "bubble-own"),
    ("accent-ink", "bubble-own"),
    ("code-ink", "code-surface"),
    ("code-quiet", "code-surface"),
    ("code-accent", "code-surface"),
    ("code-string", "code-surface"),
]
# What is seen but not read: the edge of a control, the ring of focus, a meter's bar (WCAG 1.4.11).
SHAPES = [(shape, surface) for shape in ("line-control", "focus", "accent") for surface in SURFACES[:3]]


def linear_srgb(oklch: str) -> tuple[float, float, float]:
    """Linear light of an `L C H` triple, clipped to what an sRGB screen can show."""
    lightness, chroma, hue = (float(part) for part in oklch.split("/", maxsplit=1)[0].split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in channels)
    return red, green, blue


def luminance(oklch: str) -> float:
    red, green, blue = linear_srgb(oklch)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def palette(theme: str) -> dict[str, str]:
    return {found["role"]: found[theme] for found in COLOUR.finditer(TOKENS.read_text(encoding="utf-8"))}


def test_the_measure_itself_agrees_with_known_values() -> None:
    assert contrast("0 0 0", "1 0 0") == pytest.approx(21, abs=0.01)
    assert contrast("0.62796 0.25768 29.234", "1 0 0") == pytest.approx(3.998, abs=0.02)  # pure red on white


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_is_found_and_used_in_a_pair(theme: str) -> None:
    text = TOKENS.read_text(encoding="utf-8")
    written = set(re.findall(r"^\s*--([a-z-]+):\s*light-dark\(", text, re.MULTILINE))
    assert written == set(palette(theme))
    paired = {role for pair in WORDS + SHAPES for role in pair}
    assert written - paired == {"line", "scrim"}  # a hairline and a veil: neither carries meaning


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "surface"), WORDS)
def test_words_can_be_read(theme: str, ink: str, surface: str) -> None:
    colours = palette(theme)
    assert contrast(colours[ink], colours[surface]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "surface"), SHAPES)
def test_shapes_can_be_seen(theme: str, shape: str, surface: str) -> None:
    colours = palette(theme)
    assert contrast(colours[shape], colours[surface]) >= 3
