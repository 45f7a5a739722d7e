"""Whatever colour a tenant likes, words can be read."""

import re

import pytest

from widget.palette import BLACK, WHITE, contrast, palette

PAPER = (0.93, 0.92, 0.90)
NIGHT = (0.165, 0.155, 0.145)


def rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(part, 16) / 255 for part in re.findall("..", colour[1:]))
    return red, green, blue


@pytest.mark.parametrize(
    "accent", ["#000000", "#ffffff", "#fde047", "#7c3aed", "#0f766e", "#ff0000", "#808080", "#1e1e1e"]
)
def test_words_on_the_accent_and_in_the_accent_can_be_read(accent: str) -> None:
    made = palette(accent)
    assert made is not None
    assert made.accent == accent
    assert contrast(rgb(made.on_accent), rgb(made.accent)) >= 4.5
    assert contrast(rgb(made.ink_by_day), PAPER) >= 4.4  # rounding to whole steps of a channel
    assert contrast(rgb(made.ink_by_night), NIGHT) >= 4.4


@pytest.mark.parametrize("nonsense", ["", "red", "#fff", "#12345g", "#1234567", "url(x)", "#fff000; }"])
def test_what_is_no_colour_is_left_to_the_house(nonsense: str) -> None:
    assert palette(nonsense) is None


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == pytest.approx(1)
