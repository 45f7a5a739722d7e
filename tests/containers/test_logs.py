"""What nginx writes down: enough to find a fault, and never a secret."""

import signal

import pytest

from tests.containers.node import Node, until
from tests.containers.visitors import FrontedWorkspace, client
from tests.faults.machine import Home
from tests.personas import Refused


async def test_a_token_in_the_query_is_in_no_log_whatever_happens(
    home: Home, shop: FrontedWorkspace, node: Node
) -> None:
    good, late = shop.token("bob"), shop.token("late", ttl=-120)
    secrets = [good, late, good[:30] + "x" * 9_000, "s3cret-link-0123456789"]
    address = shop.address(0)

    async def all_ways() -> list[int]:
        """The statuses of sockets with both tokens, of an overlong one, and of a page with a secret in its path."""
        statuses = []
        for token in secrets[:3]:
            try:
                async with shop.chat(
                    token,
                    home.room,
                    snug=False,
                    address=address,
                    headers={"Referer": f"https://x/?token={good}"},
                ):
                    statuses.append(101)
            except Refused as refused:
                statuses.append(refused.status)
        with shop.http(address=address) as visitor:
            statuses.append(visitor.get(f"/login/reset/{secrets[3]}/?token={good}").status_code)
            statuses.append(
                visitor.get(f"/api/v1/rooms?token={good}", headers={"X-Long": "x" * 9_000}).status_code
            )
            statuses.append(visitor.post(f"/api/v1/rooms?token={good}", content=b"x" * 3_000_000).status_code)
        return statuses

    assert (await all_ways())[:3] == [101, 401, 414]
    for web in node.webs:
        web.end(signal.SIGTERM)
    try:
        assert await all_ways() == [503, 503, 414, 503, 400, 413]
    finally:
        for web in node.webs:
            web.start()
    until(lambda: shop.process_of(address) == 0, "nginx to use the first process again")
    assert (await all_ways())[:3] == [101, 401, 414]

    written = node.front.logs()
    for secret in secrets:
        assert secret not in written
        assert secret[-20:] not in written
    lines = node.front.requests(address)
    assert {line["path"] for line in lines} >= {"/ws/chat", "/login", "/api/v1/rooms"}
    down = next(line for line in lines if line["status"] == "503" and line["path"] == "/ws/chat")
    assert set(down["upstream_status"].split(", ")) == {"502"}  # where and why it failed is told all the same


async def test_when_no_process_answers_everybody_is_told_in_their_own_language(
    home: Home, shop: FrontedWorkspace, node: Node
) -> None:
    for web in node.webs:
        web.end(signal.SIGTERM)
    try:
        with pytest.raises(Refused) as refused:
            await shop.connect(shop.token("bob"), home.room)
        assert (refused.value.status, refused.value.code) == (503, 4500)
        with shop.http(shop.secret) as api:
            answer = api.get("/api/v1/rooms")
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert answer.json()["code"] == "unavailable"
            assert answer.headers["retry-after"] == "5"
            page = api.get("/chat/")
            assert page.status_code == 503
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert "Back in a moment" in page.text
            assert "strict-transport-security" in page.headers
    finally:
        for web in node.webs:
            web.start()
    with client(node.front, shop.host) as visitor:
        until(lambda: visitor.get("/chat/").status_code == 200, "pages to come back")
