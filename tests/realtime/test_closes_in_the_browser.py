"""A browser can read why a socket was closed: of a refused handshake it would only say 1006."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.personas import Workspace
from tests.realtime.office import set_state

ROOM = "/ws/chat/general/"
Closed = tuple[int, str, bool]  # code, reason, wasClean

# Opens a socket, waits for its first frame where something is to be said, and for its end.
KNOCK = """([path, token, text, times, size]) => new Promise((done) => {
  const protocols = token === null ? ['snug.v1'] : ['snug.v1', `bearer.${token}`];
  const socket = new WebSocket(`ws://${location.host}${path}`, protocols);
  socket.onclose = (event) => done([event.code, event.reason, event.wasClean]);
  socket.onmessage = () => {
    socket.onmessage = null;
    if (size) socket.send(new Uint8Array(size));
    for (let n = 0; n < times; n += 1) socket.send(text);
  };
})"""
STAY = """([path, token, most]) => Promise.all(Array.from({ length: most }, () => new Promise((done) => {
  const socket = new WebSocket(`ws://${location.host}${path}`, ['snug.v1', `bearer.${token}`]);
  (window.kept ??= []).push(socket);
  socket.onmessage = () => done(socket.protocol);
})))"""


def apart(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread of its own: Playwright's event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture
def page(workspace: Workspace, open_page: Callable[..., Page]) -> Page:
    return open_page(f"{workspace.origin}/healthz")


def knock(
    page: Page, token: str | None, path: str = ROOM, *, text: str = "", times: int = 0, size: int = 0
) -> Closed:
    code, reason, clean = page.evaluate(KNOCK, [path, token, text, times, size])
    return code, reason, clean


def test_a_browser_reads_why_it_was_refused(workspace: Workspace, page: Page) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
    bob = workspace.token("bob")
    assert page.evaluate(STAY, [ROOM, bob, 5]) == ["snug.v1"] * 5  # the plan's five, and each is open
    for code, closed in {
        4000: knock(page, bob, "/ws/chat/a%20b/"),
        4001: knock(page, "nonsense"),
        4002: knock(page, bob),
        4003: knock(page, workspace.token("charlie"), "/ws/chat/board/"),
        4004: knock(page, workspace.token("charlie"), "/ws/chat/nowhere/"),
    }.items():
        assert closed[0] == code
        assert closed[1], "a reason"
        assert closed[2], "the closing handshake was completed"


def test_a_browser_reads_why_it_was_closed(workspace: Workspace, page: Page) -> None:
    bob = workspace.token("bob")
    message = '{"type": "chat_message", "message": "flood"}'
    assert knock(page, bob, text=message, times=220) == (4029, "far over the rate limit", True)
    assert knock(page, bob, text="x" * (64 * 1024 + 1), times=1)[0] == 1009
    assert knock(page, bob, size=1) == (1003, "frames are text", True)


def test_a_browser_reads_that_its_workspace_is_suspended(workspace: Workspace, page: Page) -> None:
    ann, bob = workspace.token("ann"), workspace.token("bob")
    page.evaluate(STAY, [ROOM, ann, 1])
    page.evaluate(
        "window.ended = new Promise((done) => { kept[0].onclose = (event) => done(event.code) }); 0"
    )
    apart(set_state(workspace, "suspended"))
    assert page.evaluate("window.ended") == 4402
    assert knock(page, bob)[0] == 4402
