"""What visitors download. The numbers are promises: a change that breaks one has to be worth it."""

import gzip
from pathlib import Path

import pytest

from widget.bundle import assemble, squeeze
from widget.loader import loader
from widget.wording import languages

CLIENT = Path(__file__).parents[2] / "static/snug/client/snug-client.js"
KB = 1000


@pytest.mark.parametrize("language", languages())
def test_the_loader_is_at_most_3_kb(language: str) -> None:
    assert len(loader(language, "#0f5a5c").compressed) <= 3 * KB


def test_the_client_is_at_most_7_kb_with_all_that_it_can_do() -> None:
    whole = assemble(CLIENT)
    assert "class Snug extends" in whole
    assert len(gzip.compress(squeeze(whole).encode(), 9)) <= 7 * KB


def test_the_chat_page_does_not_carry_what_many_rooms_take() -> None:
    page = assemble(CLIENT.parents[1] / "chat/app.js")
    assert "class SnugClient" in page
    assert "class Snug extends" not in page
    assert "class Line" not in page


# All that the open widget loads (at most 40 KB) is weighed in a browser: test_the_widget.py.
