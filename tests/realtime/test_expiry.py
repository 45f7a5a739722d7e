"""Tokens that run out under an open socket. In this process, where half a minute can be made shorter."""

from __future__ import annotations

import time

import pytest

from tests.personas import Workspace
from tests.realtime.conftest import Inside, entered, next_of


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime.consumers import member

    assert member.EXPIRY_GRACE == 30.0
    monkeypatch.setattr(member, "EXPIRY_GRACE", 0.3)


async def test_a_socket_whose_token_expires_is_told_and_later_closed(
    workspace: Workspace, inside: Inside
) -> None:
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob', ttl=1)}")
    await entered(bob)
    error = await next_of(bob, "error")
    assert error["error"]["code"] == "TOKEN_EXPIRED"
    await bob.send_json_to({"type": "ping"})  # it lives on for a while
    await next_of(bob, "pong")
    closed = await bob.receive_output(timeout=2)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4001)


async def test_a_fresh_token_keeps_the_socket_open(workspace: Workspace, inside: Inside) -> None:
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob', ttl=1)}")
    await entered(bob)
    await next_of(bob, "error")
    exp = int(time.time()) + 600
    await bob.send_json_to({"type": "refresh_token", "token": workspace.token("bob", ttl=600)})
    refreshed = await next_of(bob, "token_refreshed")
    assert exp <= refreshed["exp"] <= exp + 2
    assert await bob.receive_nothing(0.5)
    await bob.send_json_to({"type": "chat_message", "message": "still here"})
    assert (await next_of(bob, "chat_message"))["message"] == "still here"


async def test_only_ones_own_good_token_refreshes(
    workspace: Workspace, elsewhere: Workspace, inside: Inside
) -> None:
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(bob)
    for token, code in (
        (workspace.token("bob", ttl=-120), "TOKEN_EXPIRED"),
        (workspace.token("ann"), "FORBIDDEN"),
        (elsewhere.token("bob"), "FORBIDDEN"),
        (workspace.token("bob", rooms=["other"]), "FORBIDDEN"),
        (workspace.secret, "FORBIDDEN"),
        ("nonsense", "FORBIDDEN"),
    ):
        await bob.send_json_to({"type": "refresh_token", "token": token})
        error = await next_of(bob, "error")
        assert error["error"]["code"] == code, token
        assert token not in str(error)
    await bob.send_json_to({"type": "refresh_token", "token": workspace.token("bob")})
    await next_of(bob, "token_refreshed")
