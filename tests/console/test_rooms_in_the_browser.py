"""A room's page in a real browser, and what is felt of it in a chat that is open at the same time."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Enter
from tests.personas import Workspace
from tests.portal.looking import faults_of

# A socket to a room, as any page could open it; what it hears and how it ends stay on the window.
OPEN = """
([path, token]) => new Promise((opened) => {
  window.heard = [];
  window.ended = null;
  window.socket = new WebSocket(`ws://${location.host}${path}`, ["snug.v1", `bearer.${token}`]);
  socket.onmessage = ({ data }) => { heard.push(JSON.parse(data)); if (heard.length === 2) opened(); };
  socket.onclose = ({ code }) => { window.ended = code; opened(); };
})
"""


def make_room(workspace: Workspace, name: str, kind: str, *members: str, title: str = "") -> None:
    with workspace.api() as api:
        body = {"name": name, "kind": kind, "title": title}
        api.post("/api/v1/rooms", json=body).raise_for_status()
        for member in members:
            api.put(f"/api/v1/rooms/{name}/members/{quote(member, safe='')}").raise_for_status()


@pytest.fixture
def bob(workspace: Workspace, open_page: Callable[..., Page]) -> Page:
    """Bob's browser, with a socket to a private room of which he is a member."""
    make_room(workspace, "cellar", "private", "bob", "carol")
    page = open_page(
        f"{workspace.origin}/", bypass_csp=True
    )  # it is what the test waits with that would be refused
    page.evaluate(OPEN, ["/ws/chat/cellar/", workspace.token("bob")])
    assert page.evaluate("heard.map(({ type }) => type)") == ["online_users", "user_joined"]
    return page


def say(page: Page, text: str) -> None:
    page.evaluate("(message) => socket.send(JSON.stringify({ type: 'chat_message', message }))", text)


def test_an_archived_room_refuses_what_an_open_chat_says_until_it_is_opened_again(
    workspace: Workspace, enter: Enter, bob: Page
) -> None:
    say(bob, "before")
    bob.wait_for_function("heard.some(({ message }) => message === 'before')")
    page = enter(workspace)
    page.get_by_role("link", name="cellar", exact=True).click()
    page.get_by_role("button", name="Archive the room").click()
    told = page.locator("#archive [role=status]")
    expect(told).to_have_text("The room is archived. It can be read, and nobody writes in it.")
    expect(told).to_be_focused()
    expect(page.locator("[data-side] a[aria-current]")).to_have_attribute("href", "#archive")
    say(bob, "too late")
    bob.wait_for_function("heard.some(({ error }) => error?.code === 'ROOM_ARCHIVED')")
    page.get_by_role("button", name="Open the room again").click()
    expect(page.locator("#archive [role=status]")).to_have_text("The room is open again.")
    say(bob, "after")
    bob.wait_for_function("heard.some(({ message }) => message === 'after')")
    assert bob.evaluate("ended") is None


def test_a_removed_member_s_open_chat_closes(workspace: Workspace, enter: Enter, bob: Page) -> None:
    page = enter(workspace)
    page.goto(f"{workspace.origin}/console/rooms/cellar/")
    expect(page.locator("[data-online]")).to_have_text("1")
    row = page.locator("tr", has_text="bob")
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    row.get_by_role("button", name="For 1 hour").click()
    expect(page.locator("#members [role=status]")).to_have_text("bob is muted for 1 hour. They can read.")
    expect(row).to_contain_text("muted until")
    say(bob, "hush")
    bob.wait_for_function("heard.some(({ error }) => error?.code === 'MUTED')")
    row.locator("summary").click()
    expect(row.locator(".menu-sheet")).to_contain_text("A token that names this room lets them back in.")
    row.get_by_role("button", name="Remove from the room").click()
    expect(page.locator("#members [role=status]")).to_have_text(
        "bob is no longer a member. A token that names this room still lets them in: should they come back, mute them "
        "or revoke their tokens."
    )
    bob.wait_for_function("ended === 4003", timeout=2_000)
    expect(row).to_have_count(0)
    expect(page.locator("tr", has_text="carol")).to_be_visible()
    expect(page.locator("[data-online]")).to_have_text("0", timeout=20_000)  # it moves by itself


def test_a_deleted_room_s_open_chat_closes(workspace: Workspace, enter: Enter, bob: Page) -> None:
    page = enter(workspace, java_script_enabled=False)  # none of this needs a script
    page.goto(f"{workspace.origin}/console/rooms/cellar/")
    page.locator("summary", has_text="Delete the room").click()
    page.get_by_label("Name of the room").fill("celler")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("That is not its name.")).to_be_visible()
    assert bob.evaluate("ended") is None
    page.get_by_label("Name of the room").fill("cellar")
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/console/#rooms")
    expect(page.get_by_text("The room “cellar” is deleted, with all that was said in it.")).to_be_visible()
    bob.wait_for_function("ended === 4004", timeout=2_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_room_s_page_holds_at_every_width_by_day_and_by_night(
    enter: Enter, workspace: Workspace, theme: str, width: int
) -> None:
    make_room(workspace, "n" * 80, "direct", "x" * 128, "محمد", "bob", title="محادثة with some English " * 4)
    make_room(workspace, "empty", "support", title="T" * 120)
    with workspace.api() as api:
        path = f"/api/v1/rooms/{'n' * 80}"
        api.put(f"{path}/members/bob", json={"role": "moderator", "muted_until": "2099-01-01T00:00:00Z"})
        api.put(f"{path}/members/{'x' * 128}", json={"muted_until": "9999-12-31T00:00:00Z"})
        api.patch(path, json={"archived": True, "slow_mode": 21_599}).raise_for_status()
    page = enter(workspace, viewport={"width": width, "height": 800}, color_scheme=theme)
    for name in ("n" * 80, "empty"):
        page.goto(f"{workspace.origin}/console/rooms/{name}/")
        assert faults_of(page) == []
        for part in page.locator("details.adder > summary").all():
            part.click()
        assert faults_of(page) == []
        page.get_by_role("button", name="Add the member").click()
        page.get_by_label("User", exact=True).fill("a/b")
        page.get_by_role("button", name="Add the member").click()
        expect(page.get_by_text("must not contain a slash")).to_be_visible()
        expect(page.get_by_label("User", exact=True)).to_be_focused()
        assert faults_of(page) == []
    page.goto(f"{workspace.origin}/console/rooms/{'n' * 80}/")
    for menu in page.locator("td details.menu").all():
        menu.locator("summary").click()
        sheet = menu.locator(".menu-sheet").bounding_box()
        assert sheet is not None
        assert sheet["x"] >= 0
        assert sheet["x"] + sheet["width"] <= width
        assert faults_of(page) == []
        page.keyboard.press("Escape")
    with workspace.api() as api:
        for text in ("needle " * 140, "إبرة needle في كومة قش", "n" * 900 + " needle"):
            api.post("/api/v1/rooms/empty/messages", json={"message": text}).raise_for_status()
    page.goto(f"{workspace.origin}/console/rooms/empty/?find=needle")
    expect(page.locator("#messages tbody tr")).to_have_count(3)
    assert faults_of(page) == []
    page.goto(f"{workspace.origin}/console/rooms/empty/?q=nobody")
    expect(page.get_by_role("heading", name="Nobody like that")).to_be_visible()
    assert faults_of(page) == []


@pytest.mark.parametrize("width", [1280, 375])
def test_a_caption_of_two_lines_keeps_off_its_figure(workspace: Workspace, enter: Enter, width: int) -> None:
    make_room(workspace, "cellar", "private")
    page = enter(workspace, viewport={"width": width, "height": 800})
    page.goto(f"{workspace.origin}/console/rooms/cellar/")
    card = page.locator(".stats > div", has_text="Messages")
    figure, caption = card.locator("dd").first.bounding_box(), card.locator(".stat-note").bounding_box()
    assert figure
    assert caption
    assert caption["height"] > 25  # two lines of it
    assert caption["y"] >= figure["y"] + figure["height"]
