"""A newcomer's first day: sign up, confirm the mail, copy the line, and talk from two browsers."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from ops.local import Stack

PASSWORD = "correct horse battery"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A customer's own site on a port of its own: give it the body of a page, it gives back the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(body: str) -> str:
        name = f"{secrets.token_hex(4)}.html"
        (tmp_path / name).write_text(f"<!doctype html><title>Shop</title><h1>Shop</h1>{body}", "utf-8")
        return f"http://127.0.0.1:{server.server_address[1]}/{name}"

    yield serve
    server.shutdown()
    server.server_close()


def sign_up(page: Page, slug: str) -> None:
    """Fill in the form, follow the link in the mail, and end up in the console."""
    page.get_by_label("Organisation").fill(f"Initech {slug}")
    page.get_by_label("Address", exact=True).fill(slug)
    page.locator("[name=email]").fill(f"peter@{slug}.example")
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Send the confirmation").click()
    page.wait_for_url("**/signup/sent/")


def confirm(page: Page, slug: str, portal_url: str, leads_to: str = "**/console/**") -> None:
    """Open the newest mail to this address as it stands in the development mailbox, and follow its link."""
    mail = page.get_by_role("link").filter(has_text=f"peter@{slug}.example")
    for _ in range(40):
        page.goto(f"{portal_url}/dev/mail/")
        if mail.count():
            break
    mail.first.click()
    page.locator(".mail-text a[href*='/signup/confirm/']").click()
    page.get_by_role("button", name="Open the workspace").click()
    page.wait_for_url(leads_to, timeout=20_000)


def widget(page: Page) -> FrameLocator:
    """Press the button in the corner; the chat inside it."""
    page.get_by_role("button").first.click()
    return page.frame_locator("iframe")


def say(chat: FrameLocator, text: str) -> None:
    composer = chat.locator("#text")
    composer.fill(text)
    composer.press("Enter")


def test_from_sign_up_to_a_conversation_between_a_guest_and_a_user(
    stack: Stack, portal_url: str, open_page: Callable[[str], Page], shop: Callable[[str], str]
) -> None:
    slug = f"i{secrets.token_hex(5)}"
    newcomer = open_page(f"{portal_url}/signup/")
    sign_up(newcomer, slug)
    confirm(newcomer, slug, portal_url)
    expect(newcomer.get_by_text("Your first API key")).to_be_visible()
    snippet = newcomer.locator("#snippet").text_content() or ""
    token = stack.manage("mint_token", slug, "bob", "--name", "Bob Okafor").strip()

    guest = widget(open_page(shop(snippet)))
    user = widget(open_page(shop(snippet.replace("<script", f'<script data-token="{token}"'))))

    say(guest, "Hello, is anyone here?")
    expect(user.locator("#messages")).to_contain_text("Hello, is anyone here?")
    say(user, "Yes, good morning.")
    expect(guest.locator("#messages")).to_contain_text("Yes, good morning.")
    expect(guest.locator("#messages")).to_contain_text("Bob Okafor")

    newcomer.reload()
    expect(newcomer.locator("body")).to_contain_text("2 of 100")
