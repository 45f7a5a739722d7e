"""The list of rooms beside the chat."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.personas import Workspace
from tests.widget.visiting import OpenPage, chat, enter, make_room, post

PHONE = {"viewport": {"width": 375, "height": 720}}


def test_rooms_are_changed_without_a_reload_and_back_goes_back(
    workspace: Workspace, open_page: OpenPage
) -> None:
    with workspace.api() as api:
        assert (
            api.post(
                "/api/v1/rooms", json={"name": "repairs", "kind": "public", "title": "Repairs"}
            ).status_code
            == 201
        )
    post(workspace, "In the workshop", room="repairs")
    page = enter(open_page(chat(workspace)))
    page.evaluate("globalThis.same = true")

    page.get_by_role("link", name="Repairs").click()
    expect(page.locator("h1")).to_have_text("Repairs")
    expect(page.locator(".bubble")).to_have_text("In the workshop")
    expect(page.get_by_role("link", name="Repairs")).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page.locator(".empty")).to_be_visible()
    assert page.evaluate("same")


@pytest.mark.parametrize("width", [375, 800])
def test_where_there_is_little_room_a_button_opens_the_rooms(
    workspace: Workspace, open_page: OpenPage, width: int
) -> None:
    make_room(workspace, "repairs", title="Repairs")
    page = enter(open_page(chat(workspace), viewport={"width": width, "height": 720}))
    drawer, button = page.locator("#rooms"), page.get_by_role("button", name="Rooms")
    expect(drawer).to_be_hidden()

    button.click()
    expect(drawer).to_be_in_viewport()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    button.click()
    drawer.get_by_role("link", name="Repairs").click()
    expect(page.locator("h1")).to_have_text("Repairs")
    expect(drawer).to_be_hidden()


def test_a_room_made_meanwhile_is_listed_when_one_comes_back_and_by_title(
    workspace: Workspace, open_page: OpenPage
) -> None:
    make_room(workspace, "a-last", title="Zebra")
    page = enter(open_page(chat(workspace)))
    expect(page.locator("#room-list bdi")).to_have_count(2)
    page.get_by_role("button", name="Add a name").click()
    page.get_by_label("Your name").fill("Half a na")

    make_room(workspace, "z-first", title="Apples")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#room-list bdi")).to_have_text(["Apples", "General", "Zebra"])
    expect(page.get_by_label("Your name")).to_have_value("Half a na")

    page.set_viewport_size({"width": 800, "height": 720})
    make_room(workspace, "m-middle", title="Middle")
    page.get_by_role("button", name="Rooms").click()
    expect(page.locator("#room-list bdi")).to_have_text(["Apples", "General", "Middle", "Zebra"])


@pytest.mark.parametrize("kind", ["private", "support"])
def test_a_room_that_turned_one_away_is_not_listed(
    workspace: Workspace, open_page: OpenPage, kind: str
) -> None:
    make_room(workspace, "board", kind=kind, title="Board")
    for room in ("nowhere", "board"):
        page = open_page(chat(workspace, query=f"?room={room}"))
        expect(page.locator("#stop")).to_be_visible()
        expect(page.locator("#room-list bdi")).to_have_text(["General"])

    post(workspace, "Bob is known from here on", sub="bob")
    with workspace.api() as api:
        assert api.put("/api/v1/rooms/board/members/bob").status_code < 300
    page = enter(open_page(chat(workspace, workspace.token("bob"), query="?room=board")))
    board = page.get_by_role("link", name="Board")
    expect(board.locator("use")).to_have_attribute("href", "#i-lock")
