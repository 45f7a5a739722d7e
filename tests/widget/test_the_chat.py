"""The chat in a real browser, as a visitor meets it: reading, talking, losing the network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, WebSocketRoute, expect

from tests.files.sending import picture
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.widget.visiting import OpenPage, chat, enter, post, say

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
