"""The pages of webhooks in a real browser: whole at every width, in light and dark."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Enter
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.webhooks.receiver import receiving


def look(page: Page, name: str) -> None:
    """No fault of layout or contrast; a picture for whoever wants to see for themselves."""
    assert faults_of(page) == []
    if folder := os.environ.get("SNUG_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 375), ("dark", 375)])
def test_a_webhook_from_its_first_line_to_its_last_attempt(
    workspace: Workspace, enter: Enter, theme: str, width: int
) -> None:
    page = enter(workspace, viewport={"width": width, "height": 800}, color_scheme=theme)
    seen = f"{theme}-{width}"
    page.locator("[data-side]").get_by_role("link", name="Webhooks").click()
    expect(page.get_by_role("heading", name="No webhook yet")).to_be_visible()
    page.get_by_text("New webhook", exact=True).click()
    page.get_by_label("Only these").check()
    look(page, f"{seen}-new")
    page.get_by_label("URL").fill("https://10.0.0.1/")
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.get_by_text("Choose at least one event.")).to_be_visible()
    look(page, f"{seen}-refused")
    with receiving() as receiver:
        receiver.answer = lambda got: 500 if len(receiver.received) < 1 else 200
        receiver.text, receiver.headers = b'{"long": "' + b"x" * 300 + b'"}', {"x-request": "r" * 200}
        page.get_by_label("URL").fill(f"{receiver.url}/{'a-very-long-path' * 9}")
        for words in ("A room was made", "A user was banned"):
            page.get_by_label(words).check()
        page.get_by_role("button", name="Make the webhook").click()
        secret = page.locator("#fresh-secret")
        expect(secret).to_contain_text("whsec_")
        look(page, f"{seen}-secret")
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("heading", name="webhook.test")).to_be_visible()
        receiver.wait_for(lambda all_: len(all_) == 2, timeout=40)
    page.reload()
    expect(page.locator("details.attempt")).to_have_count(2)
    page.locator("details.attempt summary").first.click()
    look(page, f"{seen}-delivery")
    page.get_by_role("link", name="Its webhook").click()
    expect(page.locator("#fresh-secret")).to_have_count(0)
    expect(page.locator("#deliveries tbody tr")).to_have_count(1)
    for name in ("New secret", "Delete"):
        page.locator("summary", has_text=name).click()
        sheet = page.locator("details[open] > .menu-sheet").bounding_box()
        assert sheet is not None
        assert sheet["x"] >= 0
        assert sheet["x"] + sheet["width"] <= width
        page.locator("summary", has_text=name).click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("It is switched off. What is waiting stays.")).to_be_visible()
    look(page, f"{seen}-off")
    page.get_by_role("link", name="All webhooks").click()
    look(page, f"{seen}-all")
