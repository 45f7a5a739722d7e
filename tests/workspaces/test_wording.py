"""What invitations say: every language says all of it."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest

LANGUAGES = ("ar", "de", "en", "fr")


def texts(language: str) -> dict[str, Any]:
    from workspaces import wording

    loaded = json.loads((wording._FOLDER / f"{language}.json").read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def places(text: str) -> set[str]:
    """The names that a text has filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_invitations_are_written_in_every_language_of_the_widget() -> None:
    from widget.wording import languages as of_the_widget
    from workspaces.wording import languages

    assert languages() == LANGUAGES == of_the_widget()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_all_that_english_says(language: str) -> None:
    from accounts.roles import GIVEN

    own, english = texts(language), texts("en")
    assert own.keys() == english.keys()
    assert own["roles"].keys() == set(GIVEN)
    assert own["invitation"].keys() == english["invitation"].keys()
    for part, text in own["invitation"].items():
        assert places(text) == places(english["invitation"][part]), part


def test_a_language_that_there_is_not_is_english() -> None:
    from workspaces.wording import wording

    assert [wording(locale).language for locale in ("de-AT", "fr_CA", "ja", "")] == ["de", "fr", "en", "en"]
