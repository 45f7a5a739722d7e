"""Every page of the console in a browser: none fails, and its menus close."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.console.conftest import Enter
from tests.isolation.pages import OF_STAFF, pieces_of
from tests.personas import Workspace
from tests.portal.looking import faults_of

# What a page of the console fetches, or frames, is none itself.
PARTS = ("console/live/", "console/preview/", "console/rooms/<slug:name>/live/", "console/billing/invoices/")


def test_no_page_of_the_console_fails_and_escape_closes_its_menus(
    enter: Enter, new_workspace: Callable[..., Workspace]
) -> None:
    workspace = new_workspace(plan="pro")
    pieces = pieces_of(workspace)
    page = enter(workspace)  # looks, in the end, that nothing was thrown anywhere
    shown = [
        each
        for each in OF_STAFF
        if each.method == "GET" and each.route.startswith("console/") and each.status == 200
    ]
    assert {each.route for each in shown} >= {"console/reports/", "console/activity/", *PARTS}
    for each in shown:
        page.goto(f"{workspace.origin}/{(each.path or each.route).format(**pieces)}")
        if each.route in PARTS:
            continue
        menu = page.locator("header details.menu")
        menu.locator("summary").click()
        expect(menu, each.route).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(menu, each.route).not_to_have_attribute("open", "")
        expect(menu.locator("summary")).to_be_focused()


def test_ids_on_the_page_about_activity_stand_on_one_line(enter: Enter, workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "kitchen"}).raise_for_status()
        api.post("/api/v1/keys", json={"name": "Second", "scopes": ["messages:read"]}).raise_for_status()
    page = enter(workspace)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{workspace.origin}/console/activity/")
        ids = page.locator("#activity td").get_by_text("key_")
        assert ids.count() >= 3
        for one in ids.all():
            assert one.evaluate("it => it.getClientRects().length") == 1, one.inner_text()
        assert faults_of(page) == []
