"""The Channels guide's own JavaScript client, unmodified (`guide_client.js`), in a real browser.

It holds a conversation on `/ws/chat/general/?token=…`, survives a restart of the web servers, and goes on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ops.local import Stack

CLIENT = Path(__file__).with_name("guide_client.js")

CONVERSATION = """
url => {
    window.heard = []
    window.closes = []
    window.client = new WebSocketClient(url)
    client.on('message', frame => heard.push(frame))
    client.on('close', event => closes.push(event.code))
    client.connect()
}
"""


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product of this module's own, since it will be restarted."""
    folder = tmp_path_factory.mktemp("guide")
    with Stack(folder / "data", web_workers=2, worker=False, separate_web_ports=True, fast=True) as stack:
        owner = ["--owner-email", "alice@guide.example", "--owner-password", "correct horse battery staple"]
        stack.manage("create_tenant", "guide", "--plan", "free", *owner, "--json")
        yield stack


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A page on another port, with nothing on it but the guide's script."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = CLIENT.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Guide</title><script>" + script + b"</script>")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_conversation_survives_a_restart_of_the_web_servers(
    own_stack: Stack, site: str, browser: Browser
) -> None:
    bob = _join(browser, own_stack, site, "bob", "Bob", process=0)
    ann = _join(browser, own_stack, site, "ann", "Ann", process=1)
    _heard(bob, "user_joined", username="Ann")
    _say(bob, "hello Ann")
    _heard(ann, "chat_message", message="hello Ann", username="Bob")
    _say(ann, "hello Bob")
    _heard(bob, "chat_message", message="hello Bob", username="Ann")

    own_stack.restart_web()

    for page in (bob, ann):
        page.wait_for_function("client.socket.readyState === WebSocket.OPEN && closes.length > 0")
        assert page.evaluate("closes[0]") == 1012
    _say(bob, "that was a restart")
    _heard(ann, "chat_message", message="that was a restart")
    _say(ann, "I saw nothing of it")
    _heard(bob, "chat_message", message="I saw nothing of it")
    # Nothing was said twice, and the numbers went on.
    for page in (bob, ann):
        assert page.evaluate("heard.filter(f => f.type === 'chat_message').map(f => f.seq)") == [1, 2, 3, 4]


def test_what_is_said_while_the_servers_are_away_is_sent_when_they_are_back(
    own_stack: Stack, site: str, browser: Browser
) -> None:
    page = _join(browser, own_stack, site, "carl", "Carl", process=0)
    page.evaluate("client.socket.close(3000)")  # the network is gone
    page.wait_for_function("closes.length > 0")
    _say(page, "written in a tunnel")
    _heard(page, "chat_message", message="written in a tunnel")


def _join(browser: Browser, stack: Stack, site: str, sub: str, name: str, process: int) -> Page:
    token = stack.manage("mint_token", "guide", sub, "--name", name).strip()
    page = browser.new_page()
    page.goto(site)
    page.evaluate(
        CONVERSATION, f"ws://guide.localhost:{stack.web_ports[process]}/ws/chat/general/?token={token}"
    )
    _heard(page, "online_users")
    return page


def _say(page: Page, text: str) -> None:
    page.evaluate("text => client.send({type: 'chat_message', message: text})", text)


def _heard(page: Page, type_: str, **fields: str) -> None:
    wanted = json.dumps({"type": type_, **fields})
    page.wait_for_function(f"heard.some(f => Object.entries({wanted}).every(([k, v]) => f[k] === v))")
