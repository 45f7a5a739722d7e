"""Edits, deletions, reactions and reads, by two people in two browsers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.widget.visiting import OpenPage, join, make_room, menu, message, patch, post, say

PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True}
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def two(workspace: Workspace, open_page: OpenPage) -> tuple[Page, Page]:
    """Ann and Bob, who have both come in."""
    ann = join(open_page, workspace, "ann", "Ann Lee")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    expect(ann.locator("#here")).to_have_text("2 people here")
    return ann, bob


def test_an_edit_is_seen_by_the_other_and_escape_takes_nothing_with_it(two: tuple[Page, Page]) -> None:
    ann, bob = two
    say(ann, "Open at nin")
    expect(message(ann, "Open at nin").get_by_role("img", name="Stored")).to_be_visible()
    ann.locator("#text").press("ArrowUp")
    field = ann.get_by_role("textbox", name="Edit")
    expect(field).to_be_focused()
    field.fill("Something else")
    field.press("Escape")
    expect(ann.locator(".own .bubble")).to_have_text("Open at nin")
    expect(ann.locator("#text")).to_be_focused()

    menu(ann, "Open at nin").get_by_role("menuitem", name="Edit").click()
    expect(field).to_have_value("Open at nin")
    field.press_sequentially("e")
    field.press("Enter")
    for page in two:
        expect(page.locator(".message .bubble")).to_contain_text("Open at nine")
        mark = page.locator(".edited")
        expect(mark).to_have_text("(edited)")
        assert "20" in (mark.get_attribute("title") or "")
    expect(bob.get_by_role("textbox", name="Edit")).to_have_count(0)
    menu(bob, "Open at nine")
    expect(bob.get_by_role("menuitem", name="Copy text")).to_be_visible()
    expect(bob.get_by_role("menuitem", name="Edit")).to_have_count(0)


def test_what_comes_meanwhile_leaves_the_editor_alone(two: tuple[Page, Page]) -> None:
    ann, bob = two
    say(ann, "Draft")
    expect(message(bob, "Draft")).to_be_visible()
    ann.locator("#text").press("ArrowUp")
    ann.get_by_role("textbox", name="Edit").fill("Half a sen")
    message(bob, "Draft").hover()
    message(bob, "Draft").get_by_role("button", name="React").click()
    bob.keyboard.press("Enter")
    say(bob, "Meanwhile")
    expect(message(ann, "Meanwhile")).to_be_visible()
    expect(ann.get_by_role("textbox", name="Edit")).to_have_value("Half a sen")
    expect(ann.get_by_role("textbox", name="Edit")).to_be_focused()
    ann.keyboard.press("Escape")
    expect(ann.locator(".chip")).to_have_count(1)


def test_a_deletion_is_asked_for_and_then_seen_by_all_ones_tabs(
    two: tuple[Page, Page], workspace: Workspace, open_page: OpenPage
) -> None:
    ann, bob = two
    other = join(open_page, workspace, "ann", "Ann Lee")
    say(ann, "Regrettable")
    id_ = message(bob, "Regrettable").get_attribute("data-id")
    menu(ann, "Regrettable").get_by_role("menuitem", name="Delete").click()
    expect(ann.get_by_role("group", name="Delete this message for everyone?")).to_be_visible()
    ann.get_by_role("button", name="Keep").click()
    expect(message(bob, "Regrettable")).to_be_visible()

    with workspace.api() as api:
        answer = {"message": "I read that", "sub": "bob", "reply_to": id_}
        assert api.post("/api/v1/rooms/general/messages", json=answer).status_code == 201
    menu(ann, "Regrettable").get_by_role("menuitem", name="Delete").click()
    expect(ann.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    ann.keyboard.press("Enter")
    for page in (ann, bob, other):
        expect(page.locator(".gone")).to_have_text("This message was deleted.")
        expect(page.locator(".quote")).to_have_text("This message was deleted.")
        expect(page.locator("body")).not_to_contain_text("Regrettable")

    # On nobody's side, and there it stays.
    where = "e => Math.round(e.offsetLeft + e.offsetWidth / 2 - e.parentElement.offsetWidth / 2)"
    assert ann.locator(".gone").evaluate(where) == 0
    ann.reload()
    expect(ann.locator(".gone")).to_have_text("This message was deleted.")
    assert ann.locator(".gone").evaluate(where) == 0


def test_what_was_deleted_before_we_came_is_read_out_as_that_and_no_more(
    workspace: Workspace, open_page: OpenPage
) -> None:
    """Neither a name nor a time is left of it, and none is made up."""
    with workspace.api() as api:
        for text in ("one", "two"):
            path = "/api/v1/rooms/general/messages"
            said = api.post(path, json={"sub": "bob", "message": text}).json()
            api.delete(f"{path}/{said['message_id']}").raise_for_status()
    page = open_page(f"{workspace.origin}/chat/#token={workspace.token('ann')}")
    expect(page.locator("li.message")).to_have_text(["This message was deleted."] * 2)


def test_a_moderator_takes_back_what_another_said(two: tuple[Page, Page], workspace: Workspace) -> None:
    ann, bob = two
    say(bob, "Rude")
    expect(message(ann, "Rude")).to_be_visible()
    expect(menu(ann, "Rude").get_by_role("menuitem", name="Delete")).to_have_count(0)
    ann.keyboard.press("Escape")
    with workspace.api() as api:
        answer = api.put("/api/v1/rooms/general/members/ann", json={"role": "moderator"})
        assert answer.status_code < 300, answer.text
    patch(workspace, title="The lounge")
    expect(ann.locator("h1")).to_have_text("The lounge")  # and so she has heard of what came before it
    expect(menu(ann, "Rude").get_by_role("menuitem", name="Delete")).to_be_visible()
    expect(ann.get_by_role("menuitem", name="Edit")).to_have_count(0)
    ann.get_by_role("menuitem", name="Delete").click()
    expect(ann.get_by_role("group", name="Delete this message for everyone?")).to_be_visible()
    ann.keyboard.press("Enter")
    for page in (ann, bob):
        expect(page.locator(".gone")).to_have_text("This message was deleted.")


def test_what_was_deleted_before_its_author_heard_of_it_is_not_sent_for_ever(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = open_page("about:blank")
    lost: list[str] = []

    def lose_the_echo(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            frame = json.loads(text)
            if frame["type"] == "chat_message" and not lost:
                lost.append(frame["message_id"])
            else:
                socket.send(text)

        server.on_message(pass_on)

    page.route_web_socket("**/ws/**", lose_the_echo)
    page.goto(f"{workspace.origin}/chat/#token={workspace.token('ann')}")
    expect(page.locator("#beginning")).to_be_visible()
    say(page, "Regrettable")
    expect(page.locator(".pending")).to_have_count(1)
    while not lost:
        page.wait_for_timeout(20)
    with workspace.api() as api:
        assert api.delete(f"/api/v1/rooms/general/messages/{lost[0]}").status_code < 300
    page.reload()
    expect(page.locator(".gone")).to_have_count(1)
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator("#messages")).not_to_contain_text("Regrettable")


def test_reactions_are_counted_highlighted_and_taken_back(two: tuple[Page, Page]) -> None:
    ann, bob = two
    say(ann, "Cake")
    expect(message(bob, "Cake")).to_be_visible()
    message(bob, "Cake").hover()
    message(bob, "Cake").get_by_role("button", name="React").click()
    bob.get_by_role("menuitem", name="React with \u2068🎉").click()
    theirs, mine = ann.locator(".chip"), bob.locator(".chip")
    expect(mine).to_have_attribute("aria-pressed", "true")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    expect(theirs).to_have_attribute("title", "Bob Okafor")
    theirs.click()
    for chip in (theirs, mine):
        expect(chip).to_have_text("🎉 2")
        expect(chip).to_have_attribute("aria-pressed", "true")

    # After a reload in a browser that remembers nothing, the first click tells that it was one's own.
    bob.evaluate("localStorage.clear()")
    bob.reload()
    expect(mine).to_have_attribute("aria-pressed", "false")
    mine.click()
    expect(mine).to_have_attribute("aria-pressed", "true")
    expect(mine).to_have_text("🎉 2")
    mine.click()
    expect(mine).to_have_text("🎉 1")
    expect(theirs).to_have_text("🎉 1")
    theirs.focus()
    theirs.press("Enter")
    expect(bob.locator(".chip")).to_have_count(0)
    expect(ann.get_by_role("button", name="Message actions")).to_be_focused()  # the chip it stood on is gone


def test_the_menu_needs_no_mouse_and_escape_gives_the_focus_back(two: tuple[Page, Page]) -> None:
    ann, _ = two
    say(ann, "By keyboard")
    dots = message(ann, "By keyboard").get_by_role("button", name="Message actions")
    expect(message(ann, "By keyboard").get_by_role("img", name="Stored")).to_be_visible()
    dots.focus()
    dots.press("Enter")
    expect(
        ann.get_by_role("menuitem", name="Copy text").or_(ann.get_by_role("menuitem", name="Edit")).first
    ).to_be_focused()
    ann.keyboard.press("ArrowUp")
    ann.keyboard.press("ArrowRight")
    expect(ann.get_by_role("menuitem", name="React with \u2068❤️")).to_be_focused()
    ann.keyboard.press("Escape")
    expect(ann.get_by_role("menu")).to_have_count(0)
    expect(dots).to_be_focused()

    dots.press("Enter")
    ann.keyboard.press("Home")
    ann.keyboard.press("ArrowLeft")  # round the row of emoji
    expect(ann.get_by_role("menuitem", name="More emoji")).to_be_focused()
    ann.keyboard.press("Enter")
    ann.get_by_role("menuitem", name="React with \u2068🚀").click()
    expect(ann.locator(".chip")).to_have_text("🚀 1")
    dots.press("Enter")
    expect(ann.get_by_role("menuitem").first).to_have_text("🚀")  # used last, offered first


def test_who_has_read_is_told_only_when_they_look(two: tuple[Page, Page]) -> None:
    ann, bob = two
    bob.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    say(ann, "Anyone?")
    expect(message(bob, "Anyone?")).to_be_visible()
    expect(ann.locator(".seen")).to_have_count(0)
    bob.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(message(ann, "Anyone?").locator(".seen")).to_have_text("BOSeen by \u2068Bob Okafor\u2069")
    say(ann, "Good")
    expect(message(ann, "Good").locator(".seen")).to_contain_text("Bob Okafor")
    expect(ann.locator(".seen")).to_have_count(1)


def test_what_one_tab_has_read_is_read_in_the_other(workspace: Workspace, open_page: OpenPage) -> None:
    here, there = (join(open_page, workspace, "bob", "Bob Okafor") for _ in range(2))
    there.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    there.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    here.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    post(workspace, "News")
    expect(message(here, "News")).to_be_attached()
    expect(there).to_have_title(re.compile(r"^\(1\) "))
    here.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(there).to_have_title(re.compile("^General"))


def test_a_refused_edit_is_rolled_back_with_the_servers_words_and_keeps_what_was_typed(
    two: tuple[Page, Page], workspace: Workspace
) -> None:
    ann, _ = two
    say(ann, "As it was")
    expect(message(ann, "As it was").get_by_role("img", name="Stored")).to_be_visible()
    ann.locator("#text").press("ArrowUp")
    ann.get_by_role("textbox", name="Edit").fill("As it will not be")
    patch(workspace, archived=True)
    expect(ann.locator("#closed")).to_contain_text("This room is archived.")
    ann.keyboard.press("Enter")
    expect(ann.get_by_role("alert")).to_contain_text("Not changed.")
    expect(ann.get_by_role("alert")).to_contain_text("archived")
    expect(ann.locator(".own .bubble")).to_have_text("As it was")

    patch(workspace, archived=False)
    expect(ann.get_by_role("alert")).not_to_contain_text("archived")
    ann.get_by_role("alert").get_by_role("button", name="Edit again").click()
    expect(ann.get_by_role("textbox", name="Edit")).to_have_value("As it will not be")


def test_an_edit_made_offline_is_done_once_the_network_is_back(two: tuple[Page, Page]) -> None:
    ann, bob = two
    say(ann, "Before")
    expect(message(bob, "Before")).to_be_visible()
    ann.context.set_offline(True)
    expect(ann.locator("#notice")).to_contain_text("You are offline")
    ann.locator("#text").press("ArrowUp")
    ann.get_by_role("textbox", name="Edit").fill("After")
    ann.keyboard.press("Enter")
    expect(message(ann, "After")).to_contain_text("Saving")
    expect(message(bob, "Before")).to_be_visible()
    ann.context.set_offline(False)
    expect(message(bob, "After")).to_be_visible()
    expect(message(ann, "After")).to_contain_text("(edited)")


def test_a_change_to_a_message_on_its_way_is_not_lost(workspace: Workspace, open_page: OpenPage) -> None:
    first = post(workspace, "Old text")
    page = open_page("about:blank")
    held: list[tuple[WebSocketRoute, str]] = []

    def hold_history(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            if '"type":"history"' in str(text):
                held.append((socket, str(text)))
            else:
                socket.send(text)

        server.on_message(pass_on)

    page.route_web_socket("**/ws/**", hold_history)
    page.goto(f"{workspace.origin}/chat/#token={workspace.token('ann')}")
    expect(page.locator("#here")).to_contain_text("person")
    with workspace.api() as api:
        path = f"/api/v1/rooms/general/messages/{first['message_id']}"
        assert api.patch(path, json={"message": "New text"}).status_code == 200
    post(workspace, "Later")
    while not held:
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)  # the edit arrives before the page that does not have it
    for socket, text in held:
        socket.send(text)
    expect(page.locator(".bubble")).to_contain_text(["New text", "Later"])


def test_emoji_and_names_are_text_and_a_long_row_wraps(workspace: Workspace, open_page: OpenPage) -> None:
    bob = join(open_page, workspace, "bob", NASTY, **PHONE)
    say(bob, "Look")
    expect(message(bob, "Look").get_by_role("img", name="Stored")).to_be_visible()
    ann = join(open_page, workspace, "ann", "Ann Lee", **PHONE)
    react = "async ([emoji, id]) => { for (const one of emoji) await window.chat.react(id, one) }"
    ann.evaluate(
        "async (token) => { const { SnugClient } = await import('/static/snug/client/snug-client.js');"
        " window.chat = new SnugClient(location.origin, { token, storage: null });"
        " const there = new Promise((done) => chat.on('online_users', done)); chat.connect(); await there }",
        workspace.token("cat", name=NASTY),
    )
    id_ = message(ann, "Look").get_attribute("data-id")
    ann.evaluate(react, [["<b>x</b>", ":" + "w" * 30 + ":", *"👍😂🎉👀🙏✅👏🔥💯🚀🤝😀😊😉😍🥳"], id_])
    for page in (ann, bob):
        expect(page.locator(".chip")).to_have_count(18)
        assert page.locator(".message b b, .message img, .menu img").count() == 0
        assert not page.locator("#scroll").evaluate("e => e.scrollWidth > e.clientWidth")
        assert page.locator(".chip").first.get_attribute("title") == NASTY
    assert ann.locator(".chip").evaluate_all("all => new Set(all.map(e => e.offsetTop)).size") > 3


@pytest.mark.parametrize("device", [PHONE, {"has_touch": True}], ids=["phone", "touch_screen"])
@pytest.mark.parametrize("held", [50, 600], ids=["lifted_at_once", "lifted_late"])
def test_a_finger_that_rests_on_a_message_opens_its_menu_and_every_target_is_large(
    workspace: Workspace, open_page: OpenPage, device: dict[str, Any], held: int
) -> None:
    for n in range(12):
        post(workspace, f"Number {n}")
    post(workspace, "Hold me")  # the last: the sheet comes up below the finger
    page = join(open_page, workspace, "bob", "Bob Okafor", **device)
    box = message(page, "Hold me").locator(".bubble").bounding_box()
    assert box
    finger = page.context.new_cdp_session(page)
    point = {"x": box["x"] + 20, "y": box["y"] + 10}
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_role("menu")).to_be_visible()
    page.wait_for_timeout(held)  # the browser itself takes notice at half a second
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(400)  # in which a click would come
    expect(page.get_by_role("menu")).to_be_visible()
    expect(page.locator(".chip")).to_have_count(0)
    assert page.evaluate("getSelection().toString()") == ""
    page.get_by_role("menuitem").first.tap()
    expect(page.locator(".chip")).to_have_attribute("aria-pressed", "true")
    dots = message(page, "Hold me").get_by_role("button", name="Message actions")
    if device is PHONE:
        # Asked until so: an echo draws the line anew, and what was taken away has no size.
        page.wait_for_function(
            """() => ["width", "height"].every((side) =>
                parseFloat(getComputedStyle([...document.querySelectorAll(".dots")].at(-1), "::after")[side]) >= 44)"""
        )
    dots.tap()
    sizes = page.get_by_role("menuitem").evaluate_all(
        "all => all.map((e) => [e.offsetWidth, e.offsetHeight])"
    )
    if device is PHONE:
        assert all(width >= 44 and height >= 44 for width, height in sizes), sizes
    page.touchscreen.tap(180, 100)
    expect(page.get_by_role("menu")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tenant", [{}, {"accent": "#fde047"}], ids=["house", "yellow"])
def test_every_word_about_a_message_can_be_read(
    new_workspace: Callable[..., Workspace], open_page: OpenPage, scheme: str, tenant: dict[str, str]
) -> None:
    workspace = new_workspace(**tenant)
    ann = join(open_page, workspace, "ann", "Ann Lee", color_scheme=scheme)
    bob = join(open_page, workspace, "bob", "Bob Okafor", **PHONE | {"color_scheme": scheme})
    say(ann, "One")
    say(bob, "Two")
    for page in (ann, bob):
        expect(page.locator(".message")).to_have_count(2)
        expect(page.locator(".pending")).to_have_count(0)
        page.locator("#text").press("ArrowUp")
        page.keyboard.type(" more")
        page.keyboard.press("Enter")
        expect(page.locator(".own .edited")).to_be_visible()
    menu(ann, "Two more").get_by_role("menuitem").first.click()
    expect(bob.locator(".chip")).to_have_count(1)
    menu(ann, "One more").get_by_role("menuitem", name="Delete").click()
    expect(ann.locator(".seen")).to_be_visible()
    assert faults_of(ann) == []
    menu(ann, "Two more")
    assert faults_of(ann) == []
    ann.keyboard.press("Escape")
    bob.locator("#text").press("ArrowUp")
    assert faults_of(bob) == []


def test_what_is_unread_in_other_rooms_is_the_same_on_every_device(
    workspace: Workspace, open_page: OpenPage
) -> None:
    make_room(workspace, "repairs", title="Repairs")
    post(workspace, "Before", room="repairs")
    first = join(open_page, workspace, "bob", "Bob Okafor", "repairs")
    second = join(open_page, workspace, "bob", "Bob Okafor")
    tally = second.get_by_role("link", name="Repairs").locator(".tally")
    expect(tally).to_have_count(0)
    say(first, "I have seen it")
    expect(message(first, "I have seen it").get_by_role("img", name="Stored")).to_be_visible()
    first.get_by_role("link", name="General").click()
    expect(first.locator("h1")).to_have_text("General")
    for text in ("One", "Two"):
        post(workspace, text, room="repairs")

    second.evaluate("dispatchEvent(new Event('focus'))")
    expect(tally).to_have_text("2")
    expect(tally).to_have_attribute("title", "2 unread messages")
    second.get_by_role("link", name="Repairs").click()
    expect(message(second, "Two")).to_be_visible()
    second.get_by_role("link", name="General").click()
    expect(second.locator("h1")).to_have_text("General")
    second.evaluate("dispatchEvent(new Event('focus'))")
    expect(tally).to_have_count(0)
