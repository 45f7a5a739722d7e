"""The widget on a customer's site: it opens, it talks, and neither it nor the page gets in the other's way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import jwt
import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, Request, WebSocketRoute, expect

from tests.personas import Workspace
from tests.widget.conftest import Site
from tests.widget.visiting import make_room, warnings_of

OpenPage = Callable[..., Page]
Snippet = Callable[..., str]

PHONE = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True}
HOSTILE = """<style>
  * { all: revert !important; font-size: 40px !important; position: static !important; display: inline !important }
  html, body { opacity: .3 !important; transform: rotate(3deg) !important; overflow: hidden !important }
</style>"""


def launcher(page: Page) -> Locator:
    return page.locator("snug-widget button")


def panel(page: Page) -> Locator:
    return page.locator("snug-widget section")


def open_widget(page: Page) -> FrameLocator:
    launcher(page).click()
    chat = page.frame_locator("snug-widget iframe")
    expect(chat.locator(".beginning")).to_be_visible()
    return chat


def say(chat: FrameLocator, text: str) -> None:
    chat.locator("#text").fill(text)
    chat.locator("#text").press("Enter")


def test_a_guest_and_a_user_talk_and_the_token_is_in_no_address(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    token = workspace.token("bob", name="Bob Okafor")
    guest_page, user_page = open_page(site.serve(snippet())), open_page("about:blank")
    addresses: list[str] = []
    user_page.on("request", lambda request: addresses.append(request.url))
    user_page.on("websocket", lambda socket: addresses.append(socket.url))
    user_page.goto(site.serve(snippet(token=token)))
    guest, user = open_widget(guest_page), open_widget(user_page)

    say(guest, "Hello, is anyone here?")
    expect(user.locator(".message")).to_contain_text("Hello, is anyone here?")
    say(user, "Yes, good morning.")
    expect(guest.locator(".message").last).to_contain_text("Yes, good morning.")
    expect(guest.locator(".author")).to_have_text("Bob Okafor")

    assert any("/ws/chat/general/" in address for address in addresses)
    assert [address for address in addresses if token in address] == []


def test_a_closed_widget_loads_nothing_and_an_open_one_at_most_40_kb(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    finished: list[Request] = []

    def note(request: Request) -> None:
        finished.append(request)

    page = open_page("about:blank")
    page.on("requestfinished", note)
    page.goto(site.serve(snippet()))
    expect(launcher(page)).to_be_visible()
    assert [request.url for request in finished if workspace.host in request.url] == [
        f"{workspace.origin}/widget.js"
    ]

    open_widget(page)
    page.wait_for_timeout(300)

    ours = [request for request in finished if workspace.host in request.url]
    assert len(ours) >= 6
    assert sum(request.sizes()["responseBodySize"] for request in ours) <= 40_000


def test_opening_leads_to_the_keyboard_and_escape_leads_back(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(site.serve(snippet()))
    expect(launcher(page)).to_have_accessible_name("Open chat")
    expect(panel(page)).not_to_be_visible()

    chat = open_widget(page)
    expect(panel(page)).to_be_visible()
    expect(launcher(page)).to_have_attribute("aria-expanded", "true")
    expect(launcher(page)).to_have_accessible_name("Close chat")
    expect(chat.locator("#text")).to_be_focused()

    chat.locator("#text").press("Escape")
    expect(panel(page)).not_to_be_visible()
    expect(launcher(page)).to_be_focused()

    launcher(page).press("Enter")
    expect(chat.locator("#text")).to_be_focused()
    chat.get_by_role("button", name="Close chat").click()
    expect(panel(page)).not_to_be_visible()


def test_escape_closes_what_is_open_in_it_first(site: Site, snippet: Snippet, open_page: OpenPage) -> None:
    page = open_page(site.serve(snippet()))
    chat = open_widget(page)
    say(chat, "Hello")
    expect(chat.get_by_role("img", name="Stored")).to_be_visible()
    chat.locator("#text").press("ArrowUp")
    chat.get_by_role("textbox", name="Edit").press("Escape")
    expect(chat.get_by_role("textbox", name="Edit")).to_have_count(0)
    chat.get_by_role("button", name="Message actions").press("Enter")
    chat.get_by_role("menuitem", name="Delete").press("Escape")
    expect(chat.get_by_role("menu")).to_have_count(0)
    chat.get_by_role("button", name="Message actions").press("Enter")
    chat.get_by_role("menuitem", name="Delete").press("Enter")
    chat.get_by_role("button", name="Delete", exact=True).press("Escape")
    expect(chat.get_by_role("button", name="Keep")).to_have_count(0)
    expect(panel(page)).to_be_visible()
    chat.locator("#text").press("Escape")
    expect(panel(page)).not_to_be_visible()


def test_what_comes_while_it_is_closed_is_counted_on_the_button(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(site.serve(snippet()))
    page.evaluate("() => { globalThis.counts = []; Snug.on('unread', (count) => counts.push(count)); }")
    chat = open_widget(page)
    launcher(page).click()
    with workspace.api() as api:
        for text in ("Still there?", "The parcel is on its way."):
            assert (
                api.post("/api/v1/rooms/general/messages", json={"message": text, "sub": "bob"}).status_code
                == 201
            )

    expect(launcher(page)).to_have_accessible_name("Open chat, 2 unread")
    expect(page.locator("snug-widget i")).to_have_text("2")
    launcher(page).click()
    expect(page.locator("snug-widget i")).to_be_hidden()
    expect(chat.locator(".unread")).to_be_visible()
    page.wait_for_function("counts.at(-1) === 0")
    assert max(page.evaluate("counts")) == 2


def test_the_pages_styles_do_not_reach_it(site: Site, snippet: Snippet, open_page: OpenPage) -> None:
    calm, wild = open_page(site.serve(snippet())), open_page(site.serve(HOSTILE + snippet() + "<p>Wild"))
    for page in (calm, wild):
        open_widget(page)

    assert launcher(wild).bounding_box() == launcher(calm).bounding_box()
    assert panel(wild).bounding_box() == panel(calm).bounding_box()
    box = panel(calm).bounding_box()
    assert box
    assert box["width"] == 392


def test_a_strict_policy_of_the_page_is_kept(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    ours = workspace.origin
    strict = f"default-src 'none'; script-src {ours}; frame-src {ours}; require-trusted-types-for 'script'"
    page = open_page(site.serve(snippet(), Content_Security_Policy=strict))

    say(open_widget(page), "Under a strict policy")

    expect(page.frame_locator("iframe").locator(".message.own")).to_have_count(1)


def test_a_script_in_the_head_or_twice_or_under_a_new_body_makes_one_button(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(
        site.serve(f"<head>{snippet().replace('async ', '')}{snippet()}</head><body>{snippet()}</body>")
    )
    expect(launcher(page)).to_have_count(1)
    expect(launcher(page)).to_be_visible()

    page.evaluate("document.documentElement.replaceChild(document.createElement('body'), document.body)")
    expect(launcher(page)).to_have_count(1)
    expect(launcher(page)).to_be_visible()


def test_the_page_can_steer_it(site: Site, snippet: Snippet, open_page: OpenPage) -> None:
    page = open_page(site.serve(snippet(launcher="none") + "<button onclick='Snug.toggle()'>Help</button>"))
    page.evaluate(
        "() => { globalThis.log = []; for (const name of ['open', 'close']) Snug.on(name, () => log.push(name)); }"
    )
    expect(launcher(page)).to_have_count(0)

    page.get_by_role("button", name="Help").click()
    expect(panel(page)).to_be_visible()
    page.evaluate("Snug.close(); Snug.open(); Snug.open(); Snug.close()")
    expect(panel(page)).not_to_be_visible()

    assert page.evaluate("log") == ["open", "close", "open", "close"]
    expect(panel(open_page(site.serve(snippet(open="")))).first).to_be_visible()


def test_a_visitor_can_sign_in_and_out_without_a_reload(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(
        site.serve(snippet(token_url=site.serve_token(workspace.token("bob", name="Bob Okafor"))))
    )
    chat = open_widget(page)
    chat.locator("#people-toggle").click()
    expect(chat.locator("#people-list")).to_contain_text("Bob Okafor (you)")

    page.evaluate("Snug.setToken(null)")
    expect(chat.locator("#guest")).to_contain_text("You are here as \u2068Guest")
    page.evaluate("token => Snug.setToken(token)", workspace.token("ann", name="Ann Lee"))
    expect(chat.locator("#people-list")).to_contain_text("Ann Lee (you)")
    expect(chat.locator("#guest")).to_be_hidden()


def test_whoever_signed_out_elsewhere_goes_on_as_a_guest_when_the_token_is_refused(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    where = site.serve_token(workspace.token("bob", name="Bob Okafor"))
    page = open_page("about:blank")
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/ws/**", pass_on)
    page.goto(site.serve(snippet(token_url=where)))
    chat = open_widget(page)
    expect(chat.locator("#guest")).to_be_hidden()

    site.pages[where.removeprefix(site.origin)] = ({"Status": "401"}, b"")
    sockets[-1].close(code=4001)
    expect(chat.locator("#guest")).to_contain_text("You are here as \u2068Guest")


def test_a_site_that_cannot_tell_its_visitor_is_asked_again(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    where = site.serve_token(None)
    path = where.removeprefix(site.origin)
    site.pages[path] = ({"Status": "500"}, b"")
    page = open_page(site.serve(snippet(token_url=where)))
    launcher(page).click()
    chat = page.frame_locator("snug-widget iframe")
    expect(chat.locator("#stop h2")).to_have_text("The chat did not load")

    site.pages[path] = ({"Status": "401"}, b"")
    chat.get_by_role("button", name="Try again").click()
    expect(chat.locator("#guest")).to_contain_text("You are here as \u2068Guest")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("404", "", "it answered 404"),
        ("500", "", "it answered 500"),
        ("200", "<p>Welcome", "not JSON"),
        ("200", "{}", "no user token"),
        ("200", '{"token": "secret"}', "no user token"),
    ],
)
def test_a_wrong_token_address_is_told_to_the_developer_and_not_blamed_on_the_visitor(
    site: Site, snippet: Snippet, open_page: OpenPage, status: str, body: str, said: str
) -> None:
    where = site.serve_token(None)
    site.pages[where.removeprefix(site.origin)] = ({"Status": status}, body.encode())
    page = open_page(site.serve(snippet(token_url=where)))
    warnings = warnings_of(page)
    launcher(page).click()

    stop = page.frame_locator("snug-widget iframe").locator("#stop")
    expect(stop).to_contain_text("This site could not say who is visiting.")
    expect(stop).not_to_contain_text("connection")
    assert [where in text and said in text for text in warnings] == [True]
    assert "secret" not in str(warnings)


def test_a_malformed_token_is_told_to_the_developer(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(site.serve(snippet(token="a.b.c")))
    warnings = warnings_of(page)
    launcher(page).click()
    chat = page.frame_locator("snug-widget iframe")
    expect(chat.locator("#stop")).to_contain_text("This site could not say who is visiting.")
    assert ["data-token" in text for text in warnings] == [True]

    page.evaluate("token => Snug.setToken(token)", workspace.token("bob"))
    expect(chat.locator(".beginning")).to_be_visible()


@pytest.mark.parametrize("way", ["token", "token_url"])
def test_why_a_token_is_refused_is_told_to_the_developer_once_and_no_session_is_said_to_have_ended(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage, way: str
) -> None:
    now = int(time.time())
    head = {"kid": workspace.key_id}
    forged = jwt.encode({"sub": "bob", "exp": now + 3600}, "not the secret" * 3, "HS256", head)
    endless = jwt.encode({"sub": "bob"}, workspace.signing_secret, "HS256", head)
    distant = jwt.encode({"sub": "bob", "exp": now + 200_000}, workspace.signing_secret, "HS256", head)
    for token, reason in (
        (forged, "the signature does not match: sign with the key's signing secret, not with the key itself"),
        (endless, "the token has no exp"),
        (distant, "exp must be at most 24 hours ahead"),
    ):
        given = token if way == "token" else site.serve_token(token)
        page = open_page(site.serve(snippet(**{way: given})))
        warnings = warnings_of(page)
        launcher(page).click()

        stop = page.frame_locator("snug-widget iframe").locator("#stop")
        expect(stop.locator("h2")).to_have_text("Your sign-in was not accepted", timeout=10_000)
        expect(stop).not_to_contain_text("session")
        assert warnings == [f"Snug: the token was refused: {reason}"]
        stop.get_by_role("button", name="Try again").click()
        expect(stop.locator("h2")).to_have_text("Your sign-in was not accepted")
        assert len(warnings) == 1
        page.close()


def test_a_stranger_at_a_private_room_is_asked_to_sign_in_and_a_user_is_not(
    workspace: Workspace, site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    make_room(workspace, "cust-1", kind="private")
    signed_out = site.serve_token(None)
    for attributes, words in (
        ({"token_url": signed_out}, "Sign in to chat"),
        ({"token": workspace.token("bob")}, "This room is private"),
    ):
        page = open_page(site.serve(snippet(room="cust-1", **attributes)))
        launcher(page).click()
        expect(page.frame_locator("snug-widget iframe").locator("#stop h2")).to_have_text(words)


def test_a_guest_stays_the_same_where_the_frame_may_keep_nothing(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    refuse = "{ get() { throw new DOMException('denied') } }"
    denied = f"if (self !== top) Object.defineProperty(self, 'localStorage', {refuse})"
    page = open_page("about:blank")
    page.context.add_init_script(denied)
    page.goto(site.serve(snippet()))
    chat = open_widget(page)
    chat.get_by_role("button", name="Add a name").click()
    chat.get_by_label("Your name").fill("Kim")
    chat.get_by_label("Your name").press("Enter")
    expect(chat.locator("#guest span")).to_contain_text("Kim")
    say(chat, "On the first page")
    expect(chat.locator(".own:not(.skeleton)")).to_have_count(1)

    page.goto(site.serve(snippet() + "<p>The next page"))
    expect(chat.locator(".own:not(.skeleton)")).to_have_text(re.compile("On the first page"))
    expect(chat.locator("#guest span")).to_contain_text("Kim")

    # What is kept has become worth nothing: a new guest, and no end of asking.
    spoil = "JSON.stringify({ ...JSON.parse(localStorage.snugGuest), token: 'a.b.c', exp: 0 })"
    page.evaluate(f"() => {{ localStorage.snugGuest = {spoil} }}")
    page.reload()
    expect(chat.locator("#guest span")).to_contain_text("Kim")
    expect(chat.locator(".author")).to_have_text("Kim")
    expect(chat.locator(".own:not(.skeleton)")).to_have_count(0)


def test_an_open_chat_is_open_on_the_next_page_and_leaves_the_focus_there(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(site.serve(snippet()))
    open_widget(page)
    page.goto(site.serve(snippet() + "<input autofocus>"))
    expect(panel(page)).to_be_visible()
    expect(page.frame_locator("iframe").locator(".beginning")).to_be_visible()
    expect(page.locator("input")).to_be_focused()

    launcher(page).click()
    page.reload()
    expect(launcher(page)).to_have_accessible_name("Open chat")
    expect(panel(page)).not_to_be_visible()

    phone = open_page(site.serve(snippet()), **PHONE)
    open_widget(phone)
    phone.reload()
    expect(launcher(phone)).to_be_visible()
    expect(panel(phone)).not_to_be_visible()


def test_a_room_that_is_not_there_offers_no_choice_where_there_is_none(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    page = open_page(site.serve(snippet(room="nowhere")))
    launcher(page).click()
    stop = page.frame_locator("snug-widget iframe").locator("#stop")
    expect(stop.locator("p")).to_have_text("It may have been renamed or closed.")


def test_a_site_where_nobody_is_signed_in_has_guests(
    site: Site, snippet: Snippet, open_page: OpenPage
) -> None:
    chat = open_widget(open_page(site.serve(snippet(token_url=site.serve_token(None)))))
    expect(chat.locator("#guest")).to_contain_text("You are here as \u2068Guest")


def test_notes_from_strangers_are_not_believed(site: Site, snippet: Snippet, open_page: OpenPage) -> None:
    page = open_page(site.serve(snippet()))
    chat = open_widget(page)
    forged = site.serve(
        "<script>parent.postMessage({ snug: 1, type: 'close' }, '*'); "
        "parent.frames[0].postMessage({ snug: 1, type: 'token', token: 'a.b.c' }, '*')</script>"
    )
    page.evaluate(
        "address => document.body.append(Object.assign(document.createElement('iframe'), { src: address }))",
        forged,
    )
    page.evaluate(
        "postMessage({ snug: 1, type: 'close' }, '*'); postMessage({ snug: 1, type: 'unread', count: 9 }, '*')"
    )
    page.wait_for_timeout(500)

    expect(panel(page)).to_be_visible()
    expect(page.locator("snug-widget i")).to_have_text("")
    expect(chat.locator("#guest")).to_be_visible()


def test_another_tenants_site_cannot_frame_the_chat(
    workspace: Workspace, elsewhere: Workspace, site: Site, browser: Browser
) -> None:
    embed = f"{workspace.origin}/chat/?embed=1"
    put = "address => document.body.append(Object.assign(document.createElement('iframe'), { src: address }))"
    page = browser.new_page()

    page.goto(site.serve(""))
    page.evaluate(put, embed)
    expect(page.frame_locator("iframe").locator("#text")).to_be_visible()

    # Mallory's host belongs to this machine too, but it is not one of this workspace's sites.
    refusals: list[str] = []
    page.on("console", lambda said: refusals.append(said.text))
    page.goto(f"{elsewhere.origin}/healthz")
    page.evaluate(put, embed)
    page.wait_for_timeout(1_000)
    assert page.frame_locator("iframe").locator("#text").count() == 0
    assert any("frame-ancestors" in text for text in refusals)
    page.close()


def test_on_a_phone_it_is_the_whole_screen(site: Site, snippet: Snippet, open_page: OpenPage) -> None:
    page = open_page(site.serve(snippet() + "<p style='height: 3000px'>Long"), **PHONE)
    chat = open_widget(page)

    assert panel(page).bounding_box() == {"x": 0, "y": 0, "width": 375, "height": 720}
    expect(launcher(page)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    chat.get_by_role("button", name="Close chat").click()
    expect(launcher(page)).to_be_visible()
    assert page.evaluate("document.documentElement.style.overflow") == ""


def test_it_stands_where_reading_ends_or_where_the_page_wants_it(
    new_workspace: Callable[..., Workspace],
    workspace: Workspace,
    site: Site,
    snippet: Snippet,
    open_page: OpenPage,
) -> None:
    arabic = new_workspace(locale="ar")
    left = open_page(site.serve(f"<script async src='{arabic.origin}/widget.js'></script>"))
    right = open_page(
        site.serve(f"<script async src='{arabic.origin}/widget.js' data-position=right></script>")
    )
    english = open_page(site.serve(snippet(position="left")))

    def edge(page: Page) -> float:
        box = launcher(page).bounding_box()
        assert box
        return box["x"]

    assert edge(left) == edge(english) == 20
    assert edge(right) == 1280 - 20 - 56
    chat = open_widget(left)
    assert chat.locator("html").get_attribute("dir") == "rtl"
