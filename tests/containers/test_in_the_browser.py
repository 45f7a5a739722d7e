"""The hosted chat page as a browser meets it through nginx: TLS, sockets over it, and a restart behind it."""

import signal
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.containers.node import Node
from tests.containers.visitors import FrontedWorkspace

OpenPage = Callable[..., Page]


def test_two_people_talk_over_tls_and_go_on_after_a_restart(
    shop: FrontedWorkspace, node: Node, open_page: OpenPage
) -> None:
    with shop.http(shop.secret) as api:
        assert api.post("/api/v1/rooms", json={"name": "counter", "kind": "public"}).status_code == 201
    addresses: list[str] = []
    pages = [open_page("about:blank", ignore_https_errors=True) for _ in range(2)]
    for page, name in zip(pages, ("ann", "bob"), strict=True):
        page.on("websocket", lambda socket: addresses.append(socket.url))
        page.goto(f"{shop.origin}/chat/?room=counter#token={shop.token(name)}")
        expect(page.locator("#beginning")).to_be_visible()
    ann, bob = pages

    def says(page: Page, text: str) -> None:
        page.locator("#text").fill(text)
        page.locator("#text").press("Enter")

    says(ann, "Is it open?")
    expect(bob.locator(".message", has_text="Is it open?")).to_have_count(1)
    assert len(addresses) == 2
    assert {address.partition("?")[0] for address in addresses} == {
        f"{shop.origin.replace('https', 'wss')}/ws/chat/counter/"
    }

    for web in node.webs:  # both browsers have one address: whichever process they are on
        web.end(signal.SIGTERM)
        web.start()
    says(bob, "It is again.")
    expect(ann.locator(".message", has_text="It is again.")).to_have_count(1, timeout=20_000)
    expect(bob.locator(".pending")).to_have_count(0)
    assert len(addresses) > 2
    expect(ann.locator(".message")).to_have_count(2)
