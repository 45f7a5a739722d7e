"""Staff on their workspace's own chat page send files, as everyone else does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.console.staff import hire, sign_in
from tests.files.sending import picture
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.widget.visiting import OpenPage, enter, make_room

PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 720}}
SCREENSHOT = FilePayload(name="where to click.png", mimeType="image/png", buffer=picture("PNG"))


@pytest.fixture
def bea(workspace: Workspace, open_page: OpenPage) -> Callable[..., Page]:
    """An agent in a room, in a browser of her own."""
    email = hire(workspace, "agent")

    def come_in(room: str = "general", **options: Any) -> Page:
        page = open_page("about:blank", **options)
        for cookie in sign_in(workspace, email).client.cookies.jar:
            page.context.add_cookies(
                [{"name": cookie.name, "value": cookie.value or "", "url": workspace.origin}]
            )
        page.goto(f"{workspace.origin}/chat/?room={room}")
        return enter(page)

    return come_in


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desk", "phone"])
def test_an_agent_answers_a_customer_with_a_screenshot(
    workspace: Workspace, open_page: OpenPage, bea: Callable[..., Page], size: dict[str, Any]
) -> None:
    make_room(workspace, "customer-4711", kind="support")
    token = workspace.token("4711", name="Ann Lee", rooms=["customer-4711"])
    ann = enter(open_page(f"{workspace.origin}/chat/?room=customer-4711#token={token}"))
    page = bea("customer-4711", **size)
    expect(page.locator("#attach")).to_be_visible()
    page.locator("#file").set_input_files(SCREENSHOT)
    expect(page.locator("#attached .file img")).to_be_visible()
    assert faults_of(page) == []
    page.locator("#text").fill("There.")
    page.locator("#text").press("Enter")
    for one in (ann, page):
        picture_of = one.locator(".message", has_text="There.").locator(".picture img")
        expect(picture_of).to_have_attribute("src", re.compile("^/files/"))
    expect(page.locator("#attached .file")).to_have_count(0)


def test_a_page_that_has_grown_stale_says_so(bea: Callable[..., Page]) -> None:
    page = bea()
    page.context.clear_cookies(name="snug_csrf")
    page.locator("#file").set_input_files(SCREENSHOT)
    expect(page.locator("#attached .failed small")).to_have_text("This page is stale. Load it anew.")
    page.reload()
    enter(page)
    page.locator("#file").set_input_files(SCREENSHOT)
    expect(page.locator("#attached .file img")).to_be_visible()
    expect(page.locator("#attached .failed")).to_have_count(0)


def test_in_a_frame_it_is_a_guest_who_sends(workspace: Workspace, bea: Callable[..., Page]) -> None:
    page = bea()
    page.goto(f"{workspace.origin}/chat/?embed=1")
    enter(page)
    with page.expect_response("**/api/v1/files") as answer:
        page.locator("#file").set_input_files(SCREENSHOT)
    assert answer.value.status == 201
    assert answer.value.json()["user_id"].startswith("guest:")
