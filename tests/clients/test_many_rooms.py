"""Many rooms over one socket of the running product, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.personas import Workspace
from tests.widget.visiting import make_room, post

SNUG = """async (token) => {
  const { Snug } = await import("/static/snug/client/snug-client.js");
  globalThis.snug = new Snug(location.origin, { token, storage: null, reconnectInterval: 50 });
  globalThis.heard = [];
  snug.on("chat_message", ({ room, seq }) => heard.push(`${room} ${seq}`));
}"""


@pytest.fixture
def page(workspace: Workspace, open_page: Callable[..., Page]) -> Page:
    """A page of Bob's with a Snug on it, that is in no room yet."""
    page: Page = open_page(f"{workspace.origin}/healthz")
    page.evaluate(SNUG, workspace.token("bob", name="Bob"))
    return page


def sockets_of(page: Page) -> list[str]:
    """The addresses of sockets from here on, as they are opened."""
    found: list[str] = []
    page.on("websocket", lambda socket: found.append(socket.url))
    return found


def enter(page: Page, *names: str) -> None:
    page.evaluate("(names) => names.forEach((name) => snug.room(name).connect())", list(names))
    page.wait_for_function(
        "(names) => names.every((name) => snug.room(name).state === 'online')", arg=list(names)
    )


def heard(page: Page, count: int) -> list[str]:
    page.wait_for_function("(count) => heard.length >= count", arg=count)
    found: list[str] = page.evaluate("heard")
    return found


def test_three_rooms_take_one_socket_and_one_is_refused(workspace: Workspace, page: Page) -> None:
    make_room(workspace, "kitchen")
    make_room(workspace, "cellar", kind="private")
    sockets = sockets_of(page)
    page.evaluate("snug.room('cellar').connect()")
    enter(page, "general", "kitchen")
    page.wait_for_function("snug.room('cellar').state === 'stopped'")
    post(workspace, "Hello", room="kitchen")
    post(workspace, "Hello", room="general")
    assert heard(page, 2) == ["kitchen 1", "general 1"]
    assert len(sockets) == 1
    assert sockets[0].endswith("/ws/")
    said: dict[str, Any] = page.evaluate(
        "async () => { const id = snug.room('kitchen').say('Soup');"
        " return new Promise((stored) => snug.on('chat_message', (one) => one.client_id === id && stored(one))) }"
    )
    assert (said["room"], said["seq"], said["user_id"]) == ("kitchen", 2, "bob")


def test_every_room_comes_back_with_what_it_missed_each_message_once(
    workspace: Workspace, page: Page
) -> None:
    make_room(workspace, "kitchen")
    enter(page, "general", "kitchen")
    for room in ("general", "kitchen"):
        post(workspace, "before", room=room)
    heard(page, 2)
    page.context.set_offline(True)
    page.wait_for_function("snug.state === 'offline'")
    page.evaluate("snug.room('kitchen').say('written in a tunnel')")
    for text in ("one", "two"):
        post(workspace, text, room="kitchen")
    post(workspace, "three", room="general")
    page.context.set_offline(False)
    back = sorted(heard(page, 6)[2:])
    assert back == ["general 2", "kitchen 2", "kitchen 3", "kitchen 4"]
    assert page.evaluate("heard.filter((one) => one.startsWith('kitchen'))") == [
        f"kitchen {n}" for n in (1, 2, 3, 4)
    ]


def test_who_loses_a_room_keeps_the_others_and_may_come_back(workspace: Workspace, page: Page) -> None:
    make_room(workspace, "cellar", kind="private")
    with workspace.api() as api:
        api.put("/api/v1/rooms/cellar/members/bob").raise_for_status()
        enter(page, "cellar", "general")
        api.delete("/api/v1/rooms/cellar/members/bob").raise_for_status()
        page.wait_for_function("snug.room('cellar').state === 'stopped'")
        post(workspace, "still here")
        assert heard(page, 1) == ["general 1"]
        api.put("/api/v1/rooms/cellar/members/bob").raise_for_status()
    enter(page, "cellar")


def test_the_socket_goes_with_the_last_room_and_comes_with_the_next(workspace: Workspace, page: Page) -> None:
    make_room(workspace, "kitchen")
    enter(page, "general", "kitchen")
    page.evaluate("snug.room('general').disconnect()")
    assert page.evaluate("snug.state") == "online"
    post(workspace, "unheard")
    page.evaluate("snug.room('kitchen').disconnect()")
    assert page.evaluate("snug.state") == "idle"
    enter(page, "kitchen", "general")
    assert heard(page, 1) == ["general 1"]


def test_rooms_are_searched_apart_and_together(workspace: Workspace, page: Page) -> None:
    make_room(workspace, "kitchen")
    post(workspace, "Soup for all", room="kitchen")
    post(workspace, "No soup here", sub="eve")
    found = """async () => {
      const rooms = async (page) => (await page).data.map(({ message }) => message.room).sort();
      const { data, next } = await snug.search("soup", { limit: 1 });
      const rest = await snug.search("soup", { limit: 1, cursor: next });
      return [await rooms(snug.search("soup")), await rooms(snug.room("kitchen").search("soup")),
        await rooms(snug.search("soup", { from: "eve" })), data.length + rest.data.length, rest.next];
    }"""
    assert page.evaluate(found) == [["general", "kitchen"], ["kitchen"], ["general"], 2, None]


def test_a_call_that_is_refused_says_so_in_words_and_a_code(workspace: Workspace, page: Page) -> None:
    make_room(workspace, "cellar", kind="private")
    refused = """async () => {
      const { Refused } = await import("/static/snug/client/snug-client.js");
      const why = (promise) => promise.catch((error) => [error instanceof Refused, error.code]);
      const general = snug.room("general");
      return [await why(snug.room("cellar").search("soup")), await why(general.upload(new File([], "empty.txt"))),
        await why(general.report("00000000-0000-0000-0000-000000000000", "spam"))];
    }"""
    assert page.evaluate(refused) == [[True, "forbidden"], [True, "invalid_field"], [True, "not_found"]]


def test_a_call_renews_a_token_that_was_refused(workspace: Workspace, page: Page) -> None:
    post(workspace, "Soup")
    renewed = """async (token) => {
      const { Snug } = await import("/static/snug/client/snug-client.js");
      const asked = [];
      const getToken = async (fresh) => (asked.push(fresh), fresh ? token : "e30.e30.x");
      const { data } = await new Snug(location.origin, { getToken }).search("soup");
      return [data.length, asked];
    }"""
    assert page.evaluate(renewed, workspace.token("eve")) == [1, [False, True]]
