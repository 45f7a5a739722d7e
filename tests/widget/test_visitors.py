"""Who one is in the chat: by a token, or as a guest, under which name; and who is turned away."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.personas import PASSWORD, Workspace
from tests.widget.visiting import OpenPage, chat, enter, say, warnings_of


def test_a_token_leaves_the_address_at_once_and_lasts_through_a_reload(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace, workspace.token("bob", name="Bob Okafor"))))
    assert page.evaluate("location.href") == f"{workspace.origin}/chat/"
    assert page.evaluate("history.length") <= 2
    expect(page.locator("#people-list")).to_contain_text("Bob Okafor")
    page.reload()
    expect(page.locator("#people-list")).to_contain_text("Bob Okafor")
    assert page.evaluate("JSON.stringify(localStorage)").count("eyJ") == 0


def test_a_guest_stays_the_same_and_may_take_a_name(workspace: Workspace, open_page: OpenPage) -> None:
    page = enter(open_page(chat(workspace)))
    first = page.locator("#guest span").inner_text()
    page.reload()
    expect(page.locator("#guest span")).to_have_text(first)

    enter(page)
    say(page, "Before")
    expect(page.locator(".own:not(.skeleton)")).to_have_count(1)
    page.get_by_role("button", name="Add a name").click()
    page.get_by_label("Your name").fill("Kim")
    page.get_by_label("Your name").press("Enter")
    expect(page.locator("#guest span")).to_contain_text("Kim")
    enter(page)
    say(page, "I am Kim")
    expect(page.locator(".own:not(.skeleton)")).to_have_count(2)  # still the same person
    expect(page.locator(".pending")).to_have_count(0)
    after, before = _messages(workspace)
    assert (after["user_id"], after["username"]) == (before["user_id"], "Kim")


def test_a_guest_whose_token_is_worthless_is_a_new_guest(workspace: Workspace, open_page: OpenPage) -> None:
    page = enter(open_page(chat(workspace)))
    first = page.locator("#guest span").inner_text()
    spoil = "JSON.stringify({ ...JSON.parse(localStorage['snug.guest']), token: 'a.b.c', exp: 0 })"
    page.evaluate(f"() => {{ localStorage['snug.guest'] = {spoil} }}")
    page.reload()
    expect(page.locator("#guest span")).to_contain_text("Guest")
    enter(page)
    assert page.locator("#guest span").inner_text() != first


def test_whoever_may_not_enter_is_told_why_and_what_to_do(workspace: Workspace, open_page: OpenPage) -> None:
    with workspace.api() as api:
        assert api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).status_code == 201

    bob = workspace.token("bob")
    for token, query, words in (
        ("", "?room=nowhere", "There is no such room"),
        ("", "?room=board", "Sign in to chat"),
        (bob, "?room=board", "This room is private"),
        ("", "?room=%3F", "This chat cannot open"),
    ):
        page = open_page(chat(workspace, token, query))
        expect(page.locator("#stop h2")).to_have_text(words)
        expect(page.locator("#composer")).to_be_hidden()
    page = open_page("about:blank")
    warnings = warnings_of(page)
    page.goto(chat(workspace, workspace.token("bob", ttl=-120)))
    expect(page.locator("#stop h2")).to_have_text("Your sign-in was not accepted")
    assert warnings == ["Snug: the token was refused: the token has expired"]


def test_where_guests_are_not_let_in_the_page_says_so(workspace: Workspace, open_page: OpenPage) -> None:
    from tenants.models import Tenant

    Tenant.objects.filter(slug=workspace.slug).update(guests_allowed=False)
    page = open_page(chat(workspace))
    expect(page.locator("#stop h2")).to_have_text("Sign in to chat")
    assert page.get_by_role("link", name="Staff sign-in").get_attribute("href") == "/login/?next=%2Fchat%2F"
    enter(open_page(chat(workspace, workspace.token("bob"))))


@pytest.mark.parametrize(
    ("code", "words", "again"),
    [
        (4000, "This chat cannot open", False),
        (4001, "Your sign-in was not accepted", True),
        (4002, "The chat is full at the moment", True),
        (4003, "This room is private", False),
        (4004, "There is no such room", False),
        (4029, "One moment", True),
        (4402, "This chat is paused", False),
    ],
)
def test_every_refusal_has_its_own_words(
    workspace: Workspace, open_page: OpenPage, code: int, words: str, again: bool
) -> None:
    page = open_page("about:blank")
    page.route_web_socket("**/ws/**", lambda socket: socket.close(code=code))
    page.goto(chat(workspace, workspace.token("bob")))
    expect(page.locator("#stop h2")).to_have_text(words)
    expect(page.get_by_role("button", name="Try again")).to_have_count(int(again))
    expect(page.locator("#composer")).to_be_hidden()


def test_whoever_takes_another_name_is_called_so_everywhere(
    workspace: Workspace, open_page: OpenPage
) -> None:
    bob = enter(open_page(chat(workspace, workspace.token("bob", name="Bob Okafor"))))
    kim = enter(open_page(chat(workspace)))
    name_guest(kim, "Kim")
    say(kim, "I am Kim")
    expect(bob.locator("#people-list")).to_contain_text("Kim")
    name_guest(kim, "Kimberly")
    expect(kim.locator("#people-list")).to_contain_text("Kimberly (you)")
    say(kim, "And now Kimberly")

    expect(bob.locator(".author")).to_have_text(["Kim", "Kimberly"])
    expect(bob.locator("#people-list bdi")).to_have_text(["Bob Okafor", "Kimberly"])
    expect(bob.locator("#here")).to_have_text("2 people here")


def test_staff_find_the_way_back_to_the_console(workspace: Workspace, open_page: OpenPage) -> None:
    page = enter(open_page(chat(workspace)))
    expect(page.get_by_role("link", name="Back to the console")).to_have_count(0)

    page.goto(f"{workspace.origin}/login/?next=/chat/")
    page.locator("[name=email]").fill(workspace.owner_email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    enter(page)
    page.get_by_role("link", name="Back to the console").click()
    expect(page).to_have_url(f"{workspace.origin}/console/")

    page.goto(f"{workspace.origin}/chat/?embed=1")
    expect(page.get_by_role("link", name="Back to the console")).to_have_count(0)


def test_a_long_name_leaves_room_for_you(workspace: Workspace, open_page: OpenPage) -> None:
    page = enter(open_page(chat(workspace, workspace.token("bob", name="Bartholomew " * 5))))
    person = page.locator("#people-list li")
    expect(person.locator(".you")).to_be_visible()
    # In one look: the list may be drawn anew between two.
    name, you, row = person.evaluate(
        "row => [row.querySelector('bdi'), row.querySelector('.you'), row]"
        ".map((place) => place.getBoundingClientRect().toJSON())"
    )
    assert name["right"] <= you["left"]
    assert you["right"] <= row["right"]


def name_guest(page: Page, name: str) -> None:
    page.locator("#guest button").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your name").press("Enter")
    expect(page.locator("#guest span")).to_contain_text(name)
    enter(page)


def _messages(workspace: Workspace) -> Any:
    with workspace.api() as api:
        return api.get("/api/v1/rooms/general/messages").json()["data"]
