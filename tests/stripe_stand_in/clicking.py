"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

Open = Callable[..., Page]
PHONE: Any = {"viewport": {"width": 375, "height": 740}}
WORKS, FAILS_LATER, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0341", "4000 0000 0000 0002"


def fits(page: Page) -> None:
    """Nothing sticks out, in light and in dark, and the page says what it is."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert "No money moves" in page.inner_text("[role=note]")
