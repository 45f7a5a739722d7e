"""The chat in a real browser, as a visitor meets it: reading, writing, losing the network, being turned away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, WebSocketRoute, expect

from tests.files.sending import picture
from tests.personas import PASSWORD, Workspace
from tests.portal.looking import faults_of
from tests.widget.visiting import OpenPage, chat, enter, make_room, post, say, warnings_of

PHONE = {"viewport": {"width": 375, "height": 720}}
HARD = [
    ("ann", "A" * 30 + " " + "b" * 29, "A name of sixty characters."),
    (
        "ann",
        "A" * 30 + " " + "b" * 29,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
    ),
    ("lea", "ليلى حسن", "هل وصلت السترات الجديدة؟ https://acme.example/new شكرا."),
    ("lea", "ليلى حسن", "👩‍👩‍👧‍👦"),
    ("ann", "Ann", "First line\n\n\tand an indented one"),
]


# A visitor's own paste, or drop, of a file with this name.
BRING = """(field, [event, name]) => {
    const data = new DataTransfer();
    data.items.add(new File(["text"], name));
    const about = {bubbles: true, cancelable: true, clipboardData: data, dataTransfer: data};
    field.dispatchEvent(event === "paste" ? new ClipboardEvent(event, about) : new DragEvent(event, about));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "size", [{"width": 1280, "height": 800}, {"width": 375, "height": 720}], ids=["desk", "phone"]
)
@pytest.mark.parametrize(
    "tenant", [{}, {"accent": "#fde047", "locale": "ar"}], ids=["house", "yellow-arabic"]
)
def test_nothing_sticks_out_and_every_word_can_be_read(
    new_workspace: Callable[..., Workspace],
    open_page: OpenPage,
    scheme: str,
    size: dict[str, int],
    tenant: dict[str, str],
) -> None:
    workspace = new_workspace(**tenant)
    for sub, name, text in HARD:
        post(workspace, text, sub, name)
    page = enter(open_page(chat(workspace), viewport=size, color_scheme=scheme))
    say(page, "And one of my own.")
    expect(page.locator(".own:not(.skeleton)")).to_have_count(1)
    expect(page.locator(".pending")).to_have_count(0)

    assert faults_of(page) == []
    overhang = "e => e.scrollWidth > e.clientWidth"
    assert not page.locator("#scroll").evaluate(overhang)


def test_two_people_see_each_other_type_talk_and_leave(workspace: Workspace, open_page: OpenPage) -> None:
    bob = enter(open_page(chat(workspace, workspace.token("bob", name="Bob Okafor"))))
    ann = enter(open_page(chat(workspace, workspace.token("ann", name="Ann Lee"))))
    expect(bob.locator("#here")).to_have_text("2 people here")
    expect(bob.locator("#people-list")).to_contain_text("Ann Lee")

    ann.locator("#text").press_sequentially("Hel")
    expect(bob.locator("#typing")).to_contain_text("Ann Lee")
    expect(ann.locator("#typing")).to_be_empty()
    say(ann, "Hello")
    expect(bob.locator("#typing")).to_be_empty()
    say(ann, "Bob")

    expect(bob.locator(".message")).to_have_count(2)
    expect(bob.locator(".author")).to_have_count(1)  # a run has one name
    expect(bob.locator(".own:not(.skeleton)")).to_have_count(0)
    expect(ann.locator(".own:not(.skeleton)")).to_have_count(2)

    # Files are chosen, pasted and dropped; a picture is shown, all else is downloaded.
    beach: FilePayload = {"name": "beach.jpg", "mimeType": "text/html", "buffer": picture()}
    ann.locator("#file").set_input_files(beach)
    for event, name in (("paste", "minutes.txt"), ("drop", "bill.txt")):
        ann.locator("#text").evaluate(BRING, [event, name])
    expect(ann.locator("#attached progress")).to_have_count(0, timeout=20_000)
    expect(ann.locator("#attached .file")).to_have_count(3)
    expect(ann.locator("#attached img")).to_have_count(1)
    ann.locator("#send").click()
    expect(bob.locator(".picture img[src]")).to_be_visible(timeout=20_000)
    bob.locator(".picture img").evaluate("image => image.decode()")
    with bob.expect_download() as download:
        bob.locator(".files .file", has_text="minutes.txt").click()
    assert download.value.suggested_filename == "minutes.txt"
    ann.close()
    expect(bob.locator("#here")).to_have_text("1 person here", timeout=10_000)


def test_text_is_text_and_only_web_addresses_are_links(workspace: Workspace, open_page: OpenPage) -> None:
    nasty = "<img src=x onerror=alert(1)> javascript:alert(1) https://ok.example/a_(b)?q=1. (www.two.example)"
    post(workspace, nasty)
    page = enter(open_page(chat(workspace)))

    expect(page.locator(".bubble")).to_have_text(nasty)
    assert page.locator(".bubble img").count() == 0
    links = page.locator(".bubble a")
    assert links.evaluate_all("all => all.map(a => a.href)") == [
        "https://ok.example/a_(b)?q=1",
        "https://www.two.example/",
    ]
    assert (
        links.evaluate_all("all => all.map(a => [a.target, a.rel])")
        == [["_blank", "noopener noreferrer nofollow ugc"]] * 2
    )


def test_older_messages_come_while_scrolling_and_the_reader_stays_where_they_are(
    new_workspace: Callable[..., Workspace], open_page: OpenPage
) -> None:
    workspace = new_workspace(plan="pro")
    for number in range(1, 121):
        post(workspace, f"Message {number}", sub=f"u{number % 7}")
    page = enter(open_page(chat(workspace)))
    expect(page.locator(".message").last).to_be_in_viewport()
    assert page.locator(".message").count() < 120

    page.locator("#scroll").evaluate("e => { e.scrollTop = 300 }")
    watched = page.locator(".message", has_text="Message 80")
    before = watched.bounding_box()
    expect(page.locator(".message", has_text="Message 21")).to_have_count(1)
    after = watched.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2

    page.locator("#scroll").evaluate("e => { e.scrollTop = 0 }")
    expect(page.locator(".message")).to_have_count(120)
    expect(page.locator("#beginning")).to_contain_text("begins")
    texts = page.locator(".message .bubble").all_inner_texts()
    assert texts == [f"Message {number}" for number in range(1, 121)]


def test_what_arrives_below_is_announced_and_not_jumped_to(
    new_workspace: Callable[..., Workspace], open_page: OpenPage
) -> None:
    workspace = new_workspace(plan="pro")
    for number in range(40):
        post(workspace, f"Message {number}", sub=f"u{number % 7}")
    page = enter(open_page(chat(workspace)))
    expect(page.locator(".message").last).to_be_in_viewport()
    page.locator("#scroll").evaluate("e => { e.scrollTop = 200 }")

    post(workspace, "New one")
    expect(page.locator("#pill")).to_have_text("1 new message")
    post(workspace, "New two")
    expect(page.locator("#pill")).to_have_text("2 new messages")
    assert page.locator("#scroll").evaluate("e => e.scrollTop") == 200
    expect(page.locator("#announce")).to_contain_text("New two")

    page.locator("#pill").click()
    expect(page.locator(".message").last).to_be_in_viewport()
    expect(page.locator("#pill")).to_be_hidden()


def test_the_composer_keeps_drafts_breaks_lines_and_leaves_composing_alone(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace, workspace.token("bob"))))
    text = page.locator("#text")
    text.press_sequentially("one")
    text.press("Shift+Enter")
    text.press_sequentially("two")
    low = text.bounding_box()
    page.reload()
    expect(text).to_have_value("one\ntwo")
    text.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    expect(text).to_have_value("one\ntwo")

    enter(page)
    text.press("Enter")
    expect(page.locator(".own .bubble")).to_have_text("one\ntwo")
    expect(text).to_have_value("")
    high = text.bounding_box()
    assert low
    assert high
    assert low["height"] > high["height"] + 10
    page.reload()
    expect(text).to_have_value("")


def test_the_count_appears_near_the_limit_and_nothing_too_long_can_be_sent(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace)))
    page.locator("#text").fill("😀" * 899)
    expect(page.locator("#count")).to_be_hidden()
    page.locator("#text").fill("😀" * 963)
    expect(page.locator("#count")).to_have_text("37 characters left")
    page.locator("#text").fill("😀" * 1043)
    expect(page.locator("#count")).to_have_text("This message is 1,043 characters; the limit here is 1,000.")
    expect(page.locator("#send")).to_be_disabled()
    page.locator("#text").press("Enter")
    page.locator("#text").fill("  " + "😀" * 1000 + "  ")
    page.locator("#text").press("Enter")
    expect(page.locator(".own:not(.skeleton)")).to_have_count(1)


def test_half_a_character_holds_nobody_up(workspace: Workspace, open_page: OpenPage) -> None:
    page = enter(open_page(chat(workspace, workspace.token("ann", name="Ann"))))
    half = "(field) => { field.value = 'half \\ud83d'; field.dispatchEvent(new Event('input', { bubbles: true })) }"
    page.locator("#text").evaluate(half)
    page.locator("#text").press("Enter")
    say(page, "after half")
    expect(page.locator(".message .bubble")).to_have_text(["half �", "after half"])
    expect(page.locator(".pending")).to_have_count(0)
    page.locator("#text").press("ArrowUp")
    page.get_by_role("textbox", name="Edit").evaluate(half)
    page.get_by_role("textbox", name="Edit").press("Enter")
    expect(page.locator(".message .bubble").last).to_contain_text("(edited)")
    with workspace.api() as api:
        said = api.get("/api/v1/rooms/general/messages").json()["data"]
    assert [each["message"] for each in said] == ["half �", "half �"]


def test_what_is_written_offline_leaves_once_after_a_reload(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace, workspace.token("bob"))))
    ann = enter(open_page(chat(workspace, workspace.token("ann"))))
    page.context.set_offline(True)
    expect(page.locator("#notice")).to_contain_text("You are offline")
    say(page, "Written in a tunnel")
    expect(page.locator(".pending")).to_have_count(1)

    page.close()
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto(chat(workspace, workspace.token("bob")))

    expect(ann.locator(".message .bubble")).to_have_text(["Written in a tunnel"])
    expect(again.locator(".own .bubble")).to_have_text(["Written in a tunnel"])
    expect(again.locator(".pending")).to_have_count(0)


def test_a_long_message_is_folded_and_a_lone_emoji_is_large(
    new_workspace: Callable[..., Workspace], open_page: OpenPage
) -> None:
    workspace = new_workspace(plan="business")
    long = "word " * 1999 + "end"
    post(workspace, long)
    post(workspace, "🏔️")
    page = enter(open_page(chat(workspace)))

    bubble = page.locator(".bubble").first
    expect(bubble).not_to_contain_text("end")
    page.get_by_role("button", name="Show all 9,998 characters").click()
    expect(bubble).to_contain_text("end")
    page.get_by_role("button", name="Show less").click()
    expect(bubble).not_to_contain_text("end")
    assert page.locator(".bubble.emoji").count() == 1


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


def test_a_lost_connection_is_told_when_it_lasts_and_again_when_it_is_back(
    workspace: Workspace, open_page: OpenPage
) -> None:
    sockets: list[WebSocketRoute] = []
    dead = False

    def pass_on(socket: WebSocketRoute) -> None:
        if dead:
            socket.close(code=4500)
        else:
            socket.connect_to_server()
            sockets.append(socket)

    page = open_page("about:blank")
    page.route_web_socket("**/ws/**", pass_on)
    page.goto(chat(workspace))
    enter(page)
    dead = True
    sockets[-1].close(code=1012)

    expect(page.locator("#notice")).to_contain_text("Reconnecting", timeout=10_000)
    say(page, "Written meanwhile")
    post(workspace, "Said meanwhile")
    dead = False
    expect(page.locator("#notice")).to_contain_text("Connected again", timeout=20_000)
    expect(page.locator(".bubble")).to_have_text(["Said meanwhile", "Written meanwhile"])
    expect(page.locator("#notice")).to_be_hidden()


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


def test_a_tick_says_which_of_ones_own_messages_are_stored(workspace: Workspace, open_page: OpenPage) -> None:
    post(workspace, "From another")
    page = enter(open_page(chat(workspace)))
    ticks = page.get_by_role("img", name="Stored")
    expect(ticks).to_have_count(0)
    say(page, "One")
    expect(ticks).to_have_count(1)
    say(page, "Two")
    expect(page.locator(".own", has_text="Two").get_by_role("img", name="Stored")).to_be_visible()
    expect(ticks).to_have_count(1)  # one for the run

    page.context.set_offline(True)
    say(page, "Three")
    expect(page.locator(".pending")).to_have_count(1)
    expect(page.locator(".own", has_text="Two").get_by_role("img", name="Stored")).to_be_visible()
    expect(ticks).to_have_count(1)


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
