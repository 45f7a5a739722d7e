"""Every language says everything, in the forms its own grammar asks for."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from widget.wording import languages, wording

# The plural categories of CLDR for whole numbers.
FORMS = {
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "de": {"one", "other"},
    "en": {"one", "other"},
    "fr": {"one", "many", "other"},
}


def texts(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and "other" not in value:
            yield from texts(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def everything(language: str) -> dict[str, Any]:
    spoken = wording(language)
    return dict(texts({"launcher": spoken.launcher, "page": spoken.page, "others": spoken.others}))


def blanks(value: Any) -> set[str]:
    forms = (
        value["other"] if isinstance(value, dict) else " ".join(value) if isinstance(value, list) else value
    )
    return set(re.findall(r"\{\w+\}", forms))


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_texts_with_the_same_blanks(language: str) -> None:
    english, other = everything("en"), everything(language)
    assert {key: blanks(value) for key, value in other.items()} == {
        key: blanks(value) for key, value in english.items()
    }


@pytest.mark.parametrize("language", languages())
def test_counted_texts_have_every_plural_form_of_the_language(language: str) -> None:
    counted = {key: set(value) for key, value in everything(language).items() if isinstance(value, dict)}
    assert counted
    assert all(forms == FORMS[language] for forms in counted.values()), counted


@pytest.mark.parametrize("language", languages())
def test_the_voice_is_quiet(language: str) -> None:
    assert "!" not in str(everything(language))


def test_a_region_falls_back_to_its_language_and_the_unknown_to_english() -> None:
    assert wording("de-AT").language == "de"
    assert wording("pt_BR").language == "en"
    assert (wording("ar").direction, wording("fr").direction) == ("rtl", "ltr")


# A room may be a private talk between two: whoever opens it must not think that a crowd listens.
CROWDS = {"en": "everyone", "de": "alle", "fr": "tout", "ar": "كل من"}


@pytest.mark.parametrize("language", languages())
def test_an_empty_room_says_nothing_of_a_crowd(language: str) -> None:
    assert CROWDS[language] not in everything(language)["page.emptyText"].lower()
