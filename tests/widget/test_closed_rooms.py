"""Rooms that one may not write in, or no longer be in: each says so, and nothing that was typed is lost."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.widget.visiting import (
    OpenPage,
    change,
    chat,
    enter,
    join,
    make_room,
    menu,
    message,
    mute,
    patch,
    post,
    say,
)

# The seconds that were shown as left, one after the other.
COUNTED = """() => {
  window.counted = [];
  new MutationObserver(() => {
    const shown = document.querySelector(".status b")?.textContent;
    if (shown && shown !== counted.at(-1)) counted.push(shown);
  }).observe(document.getElementById("messages"), { childList: true, subtree: true, characterData: true });
}"""


def test_a_removed_member_is_told_so_and_not_kept_waiting(workspace: Workspace, open_page: OpenPage) -> None:
    make_room(workspace, "board", kind="private", title="Board")
    post(workspace, "Bob is known from here on", sub="bob")
    with workspace.api() as api:
        assert api.put("/api/v1/rooms/board/members/bob").status_code < 300
        bob = join(open_page, workspace, "bob", "Bob Okafor", "board")
        say(bob, "Only us")
        expect(message(bob, "Only us").get_by_role("img", name="Stored")).to_be_visible()
        sockets: list[str] = []
        bob.on("websocket", lambda socket: sockets.append(socket.url))
        assert api.delete("/api/v1/rooms/board/members/bob").status_code == 204

        expect(bob.locator("#stop h2")).to_have_text("You are no longer in this room")
        expect(bob.locator("#composer")).to_be_hidden()
        expect(message(bob, "Only us")).to_be_visible()
        expect(bob.locator("#room-list bdi")).to_have_text(["General"])
        expect(bob.locator(".smile, .chip:enabled")).to_have_count(0)
        assert faults_of(bob) == []
        bob.wait_for_timeout(3_000)  # longer than its first retries would take
        assert sockets == []

        assert api.put("/api/v1/rooms/board/members/bob").status_code < 300
    bob.get_by_role("button", name="Try again").click()
    expect(bob.locator("#composer")).to_be_visible()
    expect(bob.locator("#stop")).to_be_hidden()
    say(bob, "Back again")
    expect(message(bob, "Back again").get_by_role("img", name="Stored")).to_be_visible()


@pytest.mark.parametrize(
    ("code", "words", "again"),
    [
        (4001, "Your session has ended", True),
        (4003, "You are no longer in this room", True),
        (4004, "This room is gone", False),
        (4402, "This chat is paused", False),
    ],
)
def test_every_end_of_a_conversation_has_its_own_words(
    workspace: Workspace, open_page: OpenPage, code: int, words: str, again: bool
) -> None:
    post(workspace, "Said before")
    page, sockets = with_sockets(open_page)
    page.goto(chat(workspace, workspace.token("bob")))
    expect(message(page, "Said before")).to_be_visible()
    sockets[-1].close(code=code)
    expect(page.locator("#stop h2")).to_have_text(words)
    expect(page.get_by_role("button", name="Try again")).to_have_count(int(again))
    expect(page.locator("#composer")).to_be_hidden()
    expect(page.locator("#notice")).to_be_hidden()
    expect(message(page, "Said before")).to_be_visible()
    assert len(sockets) == 1


@pytest.mark.parametrize(("code", "words"), [(4002, "The chat is full"), (4029, "One moment")])
def test_a_limit_leaves_the_composer_and_waits(
    workspace: Workspace, open_page: OpenPage, code: int, words: str
) -> None:
    page, sockets = with_sockets(open_page)
    page.goto(chat(workspace, workspace.token("bob")))
    enter(page)
    sockets[-1].close(code=code)
    expect(page.locator("#notice")).to_contain_text(words)
    say(page, "For later")
    expect(page.locator(".pending")).to_have_count(1)
    assert len(sockets) == 1
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator("#notice")).to_be_hidden()


def test_an_archived_room_can_be_read(workspace: Workspace, open_page: OpenPage) -> None:
    make_room(workspace, "old", title="Old")
    post(workspace, "Last words", sub="bob", room="old")
    change(workspace, "old", archived=True)
    bob = join(open_page, workspace, "bob", "Bob Okafor", "old")
    expect(bob.locator("#closed")).to_have_text(
        "This room is archived. You can read it, and nobody can write."
    )
    expect(bob.locator("#composer")).to_be_hidden()
    expect(bob.locator(".smile")).to_have_count(0)
    expect(menu(bob, "Last words").get_by_role("menuitem")).to_have_text(["Copy text"])
    assert faults_of(bob) == []
    expect(bob.get_by_role("link", name="Old")).to_have_attribute("aria-current", "page")

    bob.get_by_role("link", name="General").click()
    expect(bob.locator("#composer")).to_be_visible()
    expect(bob.locator("#closed")).to_be_hidden()
    expect(bob.get_by_role("link", name="Old")).to_have_count(0)


def test_a_moderator_tidies_an_archived_room(workspace: Workspace, open_page: OpenPage) -> None:
    make_room(workspace, "old", title="Old")
    post(workspace, "An insult", sub="bob", room="old")
    with workspace.api() as api:
        api.put("/api/v1/rooms/old/members/mo", json={"role": "moderator"})
    change(workspace, "old", archived=True)
    mo = join(open_page, workspace, "mo", "Mo", "old")
    menu(mo, "An insult").get_by_role("menuitem", name="Delete").click()
    mo.locator(".ask").get_by_role("button", name="Delete").click()
    expect(mo.locator("#messages")).to_contain_text("This message was deleted.")
    with workspace.api() as api:
        assert api.get("/api/v1/rooms/old/messages").json()["data"][0]["deleted"] is True


def test_a_room_archived_meanwhile_keeps_what_was_typed_and_sends_it_when_it_opens(
    workspace: Workspace, open_page: OpenPage
) -> None:
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    say(bob, "In time")
    expect(message(bob, "In time").get_by_role("img", name="Stored")).to_be_visible()
    bob.locator("#text").fill("Half a thou")
    bob.context.set_offline(True)
    bob.evaluate("dispatchEvent(new Event('offline'))")
    say(bob, "Too late")
    patch(workspace, archived=True)
    bob.context.set_offline(False)
    bob.evaluate("dispatchEvent(new Event('online'))")
    late = message(bob, "Too late")
    expect(bob.locator("#closed")).to_contain_text("This room is archived.")
    expect(late).to_contain_text("Not sent: this room is archived.")
    expect(late.get_by_role("button", name="Try again")).to_have_count(0)
    expect(bob.locator("#composer")).to_be_hidden()

    patch(workspace, archived=False)
    expect(bob.locator("#composer")).to_be_visible()
    expect(bob.locator(".failed, .pending")).to_have_count(0)
    expect(late.get_by_role("img", name="Stored")).to_be_visible()
    expect(bob.locator("#messages")).not_to_contain_text("archived")


def test_what_was_refused_long_ago_waits_for_its_author(workspace: Workspace, open_page: OpenPage) -> None:
    bob = open_page("about:blank")
    bob.clock.install()
    bob.goto(chat(workspace, workspace.token("bob", name="Bob Okafor")))
    enter(bob)
    bob.context.set_offline(True)
    bob.evaluate("dispatchEvent(new Event('offline'))")
    say(bob, "Too late")
    patch(workspace, archived=True)
    bob.context.set_offline(False)
    bob.evaluate("dispatchEvent(new Event('online'))")
    late = message(bob, "Too late")
    expect(late).to_contain_text("Not sent: this room is archived.")
    bob.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=2))
    patch(workspace, archived=False)
    expect(late.locator(".status > span")).to_have_text("Not sent.")
    late.get_by_role("button", name="Try again").click()
    expect(bob.locator(".failed, .pending")).to_have_count(0)


def test_whoever_is_in_a_room_sees_it_archived_renamed_and_opened_again(
    workspace: Workspace, open_page: OpenPage
) -> None:
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    bob.locator("#text").fill("Half a thou")
    patch(workspace, archived=True, title="The lounge")
    expect(bob.locator("#closed")).to_contain_text("This room is archived.")
    expect(bob.locator("#composer")).to_be_hidden()
    expect(bob.locator("h1")).to_have_text("The lounge")
    expect(bob.get_by_role("link", name="The lounge")).to_be_visible()
    expect(bob).to_have_title(re.compile("^The lounge"))
    patch(workspace, archived=False, title="The bar")
    expect(bob.locator("#closed")).to_be_hidden()
    expect(bob.locator("#text")).to_have_value("Half a thou")
    expect(bob.locator("h1")).to_have_text("The bar")


def test_who_is_muted_reads_until_when_and_goes_on_as_soon_as_it_ends(
    workspace: Workspace, open_page: OpenPage
) -> None:
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    say(bob, "One")
    expect(message(bob, "One").get_by_role("img", name="Stored")).to_be_visible()
    until = datetime.now(UTC) + timedelta(minutes=5)
    mute(workspace, "bob", until)
    closed = bob.locator("#closed")
    expect(closed).to_contain_text("You are muted in this room until")
    when = bob.evaluate(
        "(at) => new Intl.DateTimeFormat('en', { hour: 'numeric', minute: '2-digit' }).format(at)",
        (int(until.timestamp()) // 60 + 1) * 60_000,
    )
    expect(closed).to_contain_text(when)
    expect(closed.get_by_role("button")).to_have_count(0)  # it is told by itself
    expect(bob.locator("#composer")).to_be_hidden()
    assert faults_of(bob) == []
    mute(workspace, "bob", None)
    expect(closed).to_be_hidden()
    say(bob, "Two")
    expect(message(bob, "Two").get_by_role("img", name="Stored")).to_be_visible()


@pytest.mark.parametrize("until", ["9999-12-31T00:00:00Z", "months"])
def test_a_mute_without_an_end_in_sight_names_no_time(
    workspace: Workspace, open_page: OpenPage, until: str
) -> None:
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    say(bob, "One")
    expect(message(bob, "One").get_by_role("img", name="Stored")).to_be_visible()
    end = (datetime.now(UTC) + timedelta(days=70)).isoformat() if until == "months" else until
    with workspace.api() as api:
        answer = api.put("/api/v1/rooms/general/members/bob", json={"muted_until": end})
        assert answer.status_code < 300, answer.text
    expect(bob.locator("#closed")).to_have_text("You are muted in this room.")
    bob.reload()
    expect(bob.locator("#closed")).to_have_text("You are muted in this room.")


def test_a_server_that_does_not_tell_how_a_room_stands_is_asked(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = open_page("about:blank")
    page.route_web_socket("**/ws/**", like_an_older_server)
    page.goto(chat(workspace, workspace.token("bob", name="Bob Okafor")))
    enter(page)
    say(page, "One")
    expect(message(page, "One").get_by_role("img", name="Stored")).to_be_visible()
    mute(workspace, "bob", datetime(9999, 1, 1, tzinfo=UTC))
    say(page, "Two")
    closed = page.locator("#closed")
    expect(closed).to_contain_text("You are muted in this room.")
    expect(message(page, "Two")).to_contain_text("Not sent: you cannot write here at the moment.")
    mute(workspace, "bob", None)
    closed.get_by_role("button", name="Try now").click()
    expect(page.locator(".failed, .pending")).to_have_count(0)

    patch(workspace, archived=True)
    say(page, "Three")
    expect(closed).to_contain_text("This room is archived.")
    patch(workspace, archived=False)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#composer")).to_be_visible()
    expect(page.locator(".failed, .pending")).to_have_count(0)


def test_a_countdown_ends_when_slow_mode_does(workspace: Workspace, open_page: OpenPage) -> None:
    patch(workspace, slow_mode=600)
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    say(bob, "One")
    say(bob, "Two")
    expect(message(bob, "Two").locator(".status")).to_contain_text("Waiting: this room is in slow mode.")
    expect(message(bob, "Two").locator(".status b")).to_be_visible()
    patch(workspace, slow_mode=0)
    expect(bob.locator(".pending")).to_have_count(0)
    expect(bob.locator(".own .bubble")).to_have_text(["One", "Two"])


def test_slow_mode_counts_down_and_then_sends(workspace: Workspace, open_page: OpenPage) -> None:
    change(workspace, slow_mode=4)
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    bob.evaluate(COUNTED)
    say(bob, "One")
    say(bob, "Two")
    waiting = message(bob, "Two").locator(".status")
    expect(waiting).to_contain_text("Waiting: this room is in slow mode.")
    expect(bob.locator(".pending")).to_have_count(0)
    counted = bob.evaluate("() => window.counted")
    assert len(counted) > 1  # a busy machine may be late for one or the other
    assert counted == sorted(set(counted), reverse=True)
    expect(bob.locator(".own .bubble")).to_have_text(["One", "Two"])


def test_a_crowd_is_counted_right_though_nobody_is_named(workspace: Workspace, open_page: OpenPage) -> None:
    page, sockets = with_sockets(open_page)
    page.goto(chat(workspace, workspace.token("bob", name="Bob Okafor")))
    enter(page)

    def hear(type_: str, **fields: object) -> None:
        sockets[-1].send(json.dumps({"type": type_, "room": "general", **fields}))

    here = page.locator("#here")
    hear("user_joined", user_id="ann", username="Ann Lee")
    expect(here).to_have_text("2 people here")
    hear("presence", joined=118, left=0, count=120)
    expect(here).to_have_text("120 people here")
    hear("presence", joined=0, left=30, count=90)
    expect(here).to_have_text("90 people here")
    expect(page.locator("#people-list li")).to_have_text(["BOBob Okafor (you)", "and 89 more"])
    hear("user_joined", user_id="ann", username="Ann Lee")
    expect(here).to_have_text("91 people here")
    hear("user_left", user_id="cat", username="Cat")
    expect(here).to_have_text("90 people here")
    hear("typing", user_id="dan", username="Dan", is_typing=True)
    expect(page.locator("#people-list")).to_contain_text("Dan")
    expect(here).to_have_text("90 people here")


def test_a_crowd_does_not_say_all_at_once_how_far_it_has_read(
    workspace: Workspace, open_page: OpenPage
) -> None:
    ann = join(open_page, workspace, "ann", "Ann Lee")
    page, sockets = with_sockets(open_page)
    page.goto(chat(workspace, workspace.token("bob", name="Bob Okafor")))
    enter(page).evaluate("Math.random = () => 0.5")
    say(ann, "To few")
    expect(message(ann, "To few").locator(".seen")).to_contain_text("Bob Okafor")
    sockets[-1].send('{"type": "presence", "room": "general", "joined": 4998, "left": 0, "count": 5000}')
    expect(page.locator("#here")).to_have_text("5,000 people here")
    say(ann, "To many")
    expect(message(page, "To many")).to_be_visible()
    page.wait_for_timeout(1_500)
    expect(message(ann, "To many").locator(".seen")).to_have_count(0)

    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(message(ann, "To many").locator(".seen")).to_contain_text(
        "Bob Okafor"
    )  # who leaves is not waited for


def with_sockets(open_page: OpenPage) -> tuple[Page, list[WebSocketRoute]]:
    """A page whose sockets the test can end and speak on."""
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page = open_page("about:blank")
    page.route_web_socket("**/ws/**", pass_on)
    return page, sockets


def like_an_older_server(socket: WebSocketRoute) -> None:
    """Pass on all but what says how the room stands."""
    server = socket.connect_to_server()

    def pass_on(text: str | bytes) -> None:
        frame = json.loads(text)
        if frame["type"] == "room_updated":
            return
        for name in ("title", "archived", "slow_mode", "may_moderate", "muted_until"):
            frame.pop(name, None)
        socket.send(json.dumps(frame))

    server.on_message(pass_on)
