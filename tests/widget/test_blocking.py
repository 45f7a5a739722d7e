"""Somebody is blocked from a message's menu: what they say is hidden from one person, and from nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.staff import sign_in
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.widget.conftest import Site
from tests.widget.visiting import OpenPage, chat, enter, join, menu, message, post, say

PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True}
QUESTION = "Block \u2068Ann Lee\u2069? You no longer see what they write. They are not told."
ONE = "Message from somebody you blocked · "
MOST_A_PAGE = 100


def line(page: Page) -> Locator:
    """The quiet line in place of what blocked people said."""
    return page.locator(".message .gone")


def command(page: Page, name: str, text: str) -> Locator:
    return menu(page, text).get_by_role("menuitem", name=name)


def block(page: Page, text: str) -> None:
    command(page, "Block", text).click()
    page.get_by_role("group", name="Block").get_by_role("button", name="Block").click()
    expect(page.locator(".bubble", has_text=text)).to_have_count(0)


def blocks(workspace: Workspace, sub: str = "bob") -> list[str]:
    with workspace.api() as api:
        found = api.get(f"/api/v1/users/{sub}/blocks").json()["data"]
    return [each["user_id"] for each in found]


def put_block(workspace: Workspace, blocked: str, sub: str = "bob") -> None:
    with workspace.api() as api:
        assert api.put(f"/api/v1/users/{sub}/blocks/{blocked}").status_code == 201


def two(workspace: Workspace, open_page: OpenPage) -> tuple[Page, Page]:
    """Ann, who has said something, and Bob, who reads it."""
    ann = join(open_page, workspace, "ann", "Ann Lee")
    say(ann, "Buy my watches")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    expect(message(bob, "Buy my watches")).to_be_visible()
    return ann, bob


def test_whoever_is_blocked_is_hidden_until_they_are_unblocked(
    workspace: Workspace, open_page: OpenPage
) -> None:
    ann, bob = two(workspace, open_page)
    command(bob, "Block", "Buy my watches").click()
    question = bob.get_by_role("group", name=QUESTION)
    expect(question.get_by_role("button", name="Block")).to_be_focused()
    question.get_by_role("button", name="Block").click()
    expect(line(bob)).to_have_text(ONE + "Show")
    expect(bob.locator(".bubble")).to_have_count(0)
    expect(bob.locator("#announce")).to_have_text("\u2068Ann Lee\u2069 is blocked.")
    expect(bob.locator("#text")).to_be_focused()
    assert blocks(workspace) == ["ann"]

    bob.reload()
    expect(line(bob)).to_have_text(ONE + "Show")
    expect(bob.locator("body")).not_to_contain_text("watches")
    expect(message(ann, "Buy my watches")).to_be_visible()

    bob.get_by_role("button", name="Show", exact=True).click()
    expect(message(bob, "Buy my watches")).to_be_visible()
    expect(line(bob)).to_have_text(ONE + "Hide")
    command(bob, "Unblock \u2068Ann Lee", "Buy my watches").click()
    expect(line(bob)).to_have_count(0)
    expect(message(bob, "Buy my watches")).to_be_visible()
    assert blocks(workspace) == []
    bob.reload()
    expect(message(bob, "Buy my watches")).to_be_visible()


def test_whoever_thinks_better_of_it_blocks_nobody(workspace: Workspace, open_page: OpenPage) -> None:
    _, bob = two(workspace, open_page)
    for leave in ("Cancel", "Escape"):
        command(bob, "Block", "Buy my watches").click()
        question = bob.get_by_role("group", name=QUESTION)
        if leave == "Cancel":
            question.get_by_role("button", name="Cancel").click()
        else:
            expect(question.get_by_role("button").first).to_be_focused()
            bob.keyboard.press("Escape")
        expect(question).to_have_count(0)
    expect(message(bob, "Buy my watches")).to_be_visible()
    assert blocks(workspace) == []


def test_what_they_go_on_to_say_is_hidden_and_neither_read_out_nor_counted(
    workspace: Workspace, open_page: OpenPage
) -> None:
    ann, bob = two(workspace, open_page)
    block(bob, "Buy my watches")
    ann.locator("#text").press_sequentially("Very ch")
    cy = join(open_page, workspace, "cy", "Cy Young")
    expect(cy.locator("#typing")).to_have_text("")
    ann.locator("#text").press_sequentially("eap")
    say(ann, "Very cheap")
    say(ann, "Really")
    expect(line(bob)).to_have_text("3 messages from people you blocked · Show")
    say(cy, "Good morning")
    expect(message(bob, "Good morning").locator(".author")).to_have_text("Cy Young")
    expect(bob.locator("#announce")).to_have_text("Cy Young: Good morning")
    post(workspace, "Still here", sub="ann")
    expect(line(bob).last).to_have_text(ONE + "Show")
    expect(bob.locator("#announce")).to_have_text("Cy Young: Good morning")
    expect(bob).not_to_have_title("(")  # nobody looked away


def test_their_typing_is_not_shown_and_what_is_unread_of_them_is_not_told(
    workspace: Workspace, open_page: OpenPage
) -> None:
    ann, bob = two(workspace, open_page)
    cy = join(open_page, workspace, "cy", "Cy Young")
    block(bob, "Buy my watches")
    ann.locator("#text").press_sequentially("W")
    expect(cy.locator("#typing")).to_have_text("\u2068Ann Lee\u2069 is typing")
    cy.locator("#text").press_sequentially("W")
    expect(bob.locator("#typing")).to_have_text("\u2068Cy Young\u2069 is typing")

    bob.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => window.away ?? false, configurable: true })"
    )
    bob.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    post(workspace, "Anyone?", sub="ann")
    post(workspace, "Me", sub="cy")
    expect(message(bob, "Me")).to_be_attached()
    expect(bob).to_have_title("(1) General · " + bob.title().partition(" · ")[2])
    expect(bob.locator(".unread + .message")).to_contain_text("Me")


def test_runs_end_where_somebody_else_speaks_and_what_was_looked_at_is_shown_alone(
    workspace: Workspace, open_page: OpenPage
) -> None:
    for text, sub in (("a1", "ann"), ("a2", "ann"), ("d1", "dan"), ("c1", "cy"), ("a3", "ann")):
        post(workspace, text, sub=sub)
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    put_block(workspace, "ann")
    put_block(workspace, "dan")
    bob.reload()
    expect(line(bob)).to_have_text(["3 messages from people you blocked · Show", ONE + "Show"])
    expect(bob.locator(".bubble")).to_have_text(["c1"])
    first = line(bob).first.get_by_role("button")
    expect(first).to_have_attribute("aria-expanded", "false")
    first.press("Enter")
    expect(first).to_be_focused()
    expect(first).to_have_attribute("aria-expanded", "true")
    expect(bob.locator(".bubble")).to_have_text(["a1", "a2", "d1", "c1"])
    first.press("Enter")
    expect(first).to_be_focused()
    expect(bob.locator(".bubble")).to_have_text(["c1"])

    line(bob).last.get_by_role("button").press("Enter")
    expect(bob.locator(".bubble")).to_have_text(["c1", "a3"])
    post(workspace, "a4", sub="ann")
    expect(line(bob).last).to_have_text(ONE + "Show")
    expect(bob.locator(".bubble")).to_have_text(["c1", "a3"])
    line(bob).last.get_by_role("button").press("Enter")  # joins the run before it, and the focus follows
    expect(bob.locator(".bubble")).to_have_text(["c1", "a3", "a4"])
    expect(line(bob)).to_have_count(2)
    expect(message(bob, "a4").locator(".dots")).to_be_focused()


def test_who_answers_them_does_not_repeat_what_they_said(workspace: Workspace, open_page: OpenPage) -> None:
    said = post(workspace, "Buy my watches", sub="ann")
    with workspace.api() as api:
        answer = {"message": "No thanks", "sub": "cy", "reply_to": said["message_id"]}
        assert api.post("/api/v1/rooms/general/messages", json=answer).status_code == 201
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    expect(message(bob, "No thanks").locator(".quote")).to_contain_text("watches")
    block(bob, "Buy my watches")
    expect(message(bob, "No thanks").locator(".quote")).to_have_text("Message from somebody you blocked")
    expect(bob.locator("body")).not_to_contain_text("watches")


def test_nobody_blocks_themselves_nor_the_house_nor_without_a_token(
    workspace: Workspace, open_page: OpenPage
) -> None:
    ann, bob = two(workspace, open_page)
    with workspace.api() as api:
        assert api.post("/api/v1/rooms/general/messages", json={"message": "I am a bot"}).status_code == 201
    owner = open_page("about:blank")
    for name, value in sign_in(workspace).client.cookies.items():
        owner.context.add_cookies([{"name": name, "value": value, "url": workspace.origin}])
    owner.goto(chat(workspace))
    enter(owner)
    say(owner, "I am the owner")
    say(bob, "I am Bob")
    for page, text, may in (
        (bob, "Buy my watches", 1),
        (bob, "I am a bot", 0),
        (bob, "I am the owner", 0),
        (bob, "I am Bob", 0),
        (ann, "I am Bob", 1),
        (owner, "I am Bob", 0),
    ):
        opened = menu(page, text)
        expect(opened.get_by_role("menuitem", name="Copy text")).to_be_visible()
        expect(opened.get_by_role("menuitem", name="Block")).to_have_count(may)
        page.keyboard.press("Escape")


def test_guests_block_and_are_blocked(workspace: Workspace, open_page: OpenPage) -> None:
    one, other = enter(open_page(chat(workspace))), enter(open_page(chat(workspace)))
    say(one, "Hello there")
    expect(message(other, "Hello there")).to_be_visible()
    block(other, "Hello there")
    other.reload()
    expect(line(other)).to_have_text(ONE + "Show")
    expect(message(one, "Hello there")).to_be_visible()


def test_in_the_widget_they_are_hidden_as_well(
    workspace: Workspace, site: Site, snippet: Callable[..., str], open_page: OpenPage
) -> None:
    post(workspace, "Buy my watches", sub="ann", name="Ann Lee")
    page = open_page(site.serve(snippet(token=workspace.token("bob", name="Bob Okafor"))))
    page.locator("snug-widget button").click()
    frame = page.frame_locator("snug-widget iframe")
    frame.locator(".message").hover()
    frame.get_by_role("button", name="Message actions").press("Enter")
    frame.get_by_role("menuitem", name="Block").press("Enter")
    frame.get_by_role("button", name="Block").press("Enter")
    expect(frame.locator(".gone")).to_have_text(ONE + "Show")
    frame.get_by_role("button", name="People here").press("Enter")
    listed = frame.get_by_role("region", name="People you blocked").get_by_role("button", name="Unblock")
    listed.press("Enter")
    expect(listed).to_have_count(0)
    expect(frame.get_by_role("button", name="People here")).to_be_focused()
    expect(frame.locator(".bubble")).to_have_text("Buy my watches")


def test_a_block_ends_at_the_workspace(
    workspace: Workspace, elsewhere: Workspace, open_page: OpenPage
) -> None:
    _, bob = two(workspace, open_page)
    _, bob_elsewhere = two(elsewhere, open_page)
    block(bob, "Buy my watches")
    bob_elsewhere.reload()
    expect(message(bob_elsewhere, "Buy my watches")).to_be_visible()
    assert (blocks(workspace), blocks(elsewhere)) == (["ann"], [])


def test_another_tab_of_the_same_person_hides_them_as_well(workspace: Workspace, open_page: OpenPage) -> None:
    _, bob = two(workspace, open_page)
    tab = bob.context.new_page()
    tab.goto(chat(workspace, workspace.token("bob", name="Bob Okafor")))
    expect(message(tab, "Buy my watches")).to_be_visible()
    block(bob, "Buy my watches")
    expect(line(tab)).to_have_text(ONE + "Show")
    tab.get_by_role("button", name="Show", exact=True).click()
    command(tab, "Unblock", "Buy my watches").click()
    expect(message(bob, "Buy my watches")).to_be_visible()


def test_a_block_that_is_refused_is_taken_back_and_says_why(
    workspace: Workspace, open_page: OpenPage
) -> None:
    _, bob = two(workspace, open_page)
    problem = '{"code": "block_limit_reached", "detail": "At most 1,000 people can be blocked."}'
    bob.route(
        "**/blocks/ann",
        lambda route: route.fulfill(status=403, content_type="application/problem+json", body=problem),
    )
    command(bob, "Block", "Buy my watches").click()
    bob.get_by_role("group", name=QUESTION).get_by_role("button", name="Block").click()
    expect(message(bob, "Buy my watches").get_by_role("alert")).to_have_text(
        "Not changed. At most 1,000 people can be blocked. "
    )
    expect(line(bob)).to_have_count(0)


def test_nothing_is_shown_before_it_is_known_who_is_blocked(
    workspace: Workspace, open_page: OpenPage
) -> None:
    post(workspace, "Buy my watches", sub="ann")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    put_block(workspace, "ann")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    bob.route("**/blocks?limit=1", hold)
    bob.reload()
    expect(bob.locator("#here")).to_have_text("1 person here")
    bob.wait_for_timeout(300)
    expect(bob.locator(".bubble")).to_have_count(0)
    assert len(held) == 1
    held[0].continue_()
    expect(line(bob)).to_have_text(ONE + "Show")

    bob.unroute("**/blocks?limit=1")
    bob.route("**/blocks?limit=1", lambda route: route.abort())  # the chat opens nevertheless
    bob.reload()
    expect(message(bob, "Buy my watches")).to_be_visible()


def test_everyone_who_is_blocked_stands_below_the_people_and_is_unblocked_there(
    workspace: Workspace, open_page: OpenPage
) -> None:
    bob = join(open_page, workspace, "bob", "Bob Okafor", viewport={"width": 1280, "height": 720})
    post(workspace, "Buy my watches", sub="ann", name="Ann Lee")
    block_many(workspace, MOST_A_PAGE)
    put_block(workspace, "ann")
    bob.reload()
    listed = bob.get_by_role("region", name="People you blocked").get_by_role("listitem")
    expect(listed).to_have_count(MOST_A_PAGE + 1)
    expect(line(bob)).to_have_text(ONE + "Show")
    listed.filter(has_text="Ann Lee").get_by_role("button", name="Unblock").press("Enter")
    expect(listed).to_have_count(MOST_A_PAGE)
    expect(message(bob, "Buy my watches")).to_be_visible()
    expect(listed.first.get_by_role("button")).to_be_focused()  # the one that has taken its place
    assert "ann" not in blocks(workspace)


def block_many(workspace: Workspace, count: int) -> None:
    """Bob blocks so many people."""
    from accounts.models import Member
    from moderation.models import Block
    from tenants.context import run_in_tenant

    def make() -> None:
        bob = Member.objects.get(external_id="bob")
        people = [
            Member.objects.create(external_id=f"p{n:03}", name=f"Person {n:03}", kind="user")
            for n in range(count)
        ]
        Block.objects.bulk_create(Block(blocker=bob, blocked=person) for person in people)

    run_in_tenant(workspace.tenant, make)


def test_in_a_direct_room_each_reads_why_nobody_writes(workspace: Workspace, open_page: OpenPage) -> None:
    with workspace.api() as api:
        assert api.post("/api/v1/rooms", json={"name": "ann-bob", "kind": "direct"}).status_code == 201
        for sub in ("ann", "bob"):
            assert api.put(f"/api/v1/rooms/ann-bob/members/{sub}").status_code < 300
    ann = join(open_page, workspace, "ann", "Ann Lee", "ann-bob")
    say(ann, "Hello Bob")
    bob = join(open_page, workspace, "bob", "Bob Okafor", "ann-bob")
    block(bob, "Hello Bob")
    expect(bob.locator("#closed")).to_contain_text(
        "You have blocked \u2068Ann Lee\u2069. Neither of you can write here."
    )
    expect(bob.locator("#text")).to_be_hidden()

    say(ann, "Are you there?")
    expect(ann.locator(".failed .status")).to_contain_text("Not sent: you cannot write here at the moment.")
    expect(ann.locator("body")).not_to_contain_text("block")
    bob.reload()
    bob.locator("#closed").get_by_role("button", name="Unblock").click()
    expect(bob.locator("#text")).to_be_focused()
    expect(message(bob, "Hello Bob")).to_be_visible()
    say(bob, "Sorry")
    expect(message(ann, "Sorry")).to_be_visible()
    ann.get_by_role("button", name="Try again").click()
    expect(message(bob, "Are you there?")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "de", "fr", "ar"])
def test_all_of_it_can_be_read_and_pressed_on_a_phone(
    new_workspace: Callable[..., Workspace], open_page: OpenPage, locale: str, scheme: str
) -> None:
    workspace = new_workspace(locale=locale)
    post(workspace, "Buy my watches", sub="ann", name="Ann Lee")
    bob = join(open_page, workspace, "bob", "Bob Okafor", color_scheme=scheme, **PHONE)
    message(bob, "Buy my watches").locator(".dots").click(force=True)
    bob.locator(".command").nth(2).click()
    expect(bob.locator(".ask button")).to_have_count(2)
    assert faults_of(bob) == []
    bob.locator(".ask button").first.click()
    show = line(bob).get_by_role("button")
    box = show.bounding_box()
    assert box is not None
    assert box["height"] >= 40
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 375
    assert faults_of(bob) == []
    show.click()
    expect(message(bob, "Buy my watches")).to_be_visible()
    bob.locator("#people-toggle").click()
    expect(bob.locator("#blocked li")).to_have_count(1)
    assert faults_of(bob) == []
