"""Tokens that run out under an open socket. In this process, where half a minute can be made shorter."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.personas import Workspace
from tests.realtime.backstage import rows
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


async def test_the_token_that_has_just_expired_buys_no_more_time(
    workspace: Workspace, inside: Inside
) -> None:
    token = workspace.token("bob", ttl=1)
    bob = inside(workspace, f"/ws/chat/general/?token={token}")
    await entered(bob)
    await next_of(bob, "error")
    await bob.send_json_to({"type": "refresh_token", "token": token})
    assert (await next_of(bob, "error"))["error"]["code"] == "TOKEN_EXPIRED"
    closed = await bob.receive_output(timeout=2)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4001)


async def test_only_ones_own_good_token_refreshes(
    workspace: Workspace, elsewhere: Workspace, inside: Inside
) -> None:
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(bob)
    for token, code in (
        (workspace.token("bob", ttl=-120), "TOKEN_EXPIRED"),
        (workspace.token("bob", ttl=-10), "TOKEN_EXPIRED"),
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


@pytest.mark.parametrize("path", ["/ws/chat/vault/", "/ws/"])
async def test_whoever_is_removed_while_their_new_token_is_looked_at_does_not_stay(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The old token vouches for the room, the new one does not: nobody judged the removal by the new one."""
    from realtime import hub
    from rooms import access

    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "vault", "kind": "private"}).raise_for_status()
        api.put("/api/v1/users/bob").raise_for_status()
        api.put("/api/v1/rooms/vault/members/bob").raise_for_status()
    enter = access.enter

    async def entered_and_removed(*asked: Any) -> Any:
        room = await enter(*asked)
        rows(workspace, "DELETE FROM rooms_membership WHERE member_id = %s", asked[1].member_id)
        visits = (await hub.hub()).visits
        visits.note_all()
        await visits.follow()
        return room

    bob = inside(workspace, f"{path}?token={workspace.token('bob', rooms=['vault'])}")
    await bob.connect(timeout=5)
    if path == "/ws/":
        await bob.send_json_to({"type": "join", "room": "vault"})
    await next_of(bob, "online_users")
    monkeypatch.setattr(access, "enter", entered_and_removed)
    await bob.send_json_to({"type": "refresh_token", "token": workspace.token("bob")})
    await next_of(bob, "token_refreshed")
    if path == "/ws/":
        assert (await next_of(bob, "left"))["room"] == "vault"
    else:
        closed = await bob.receive_output(timeout=2)
        assert (closed["type"], closed["code"]) == ("websocket.close", 4003)
