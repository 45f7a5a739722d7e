"""Users who are banned or deleted, and their sockets on both processes."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from realtime.events import CloseCode
from tests.personas import Refused, Workspace
from tests.realtime.backstage import rows
from tests.realtime.conftest import Inside, entered, next_of


def ask(workspace: Workspace, method: str, path: str, **body: object) -> int:
    with workspace.api() as api:
        return api.request(method, f"/api/v1/users/{path}", json=body or None).status_code


async def test_a_ban_closes_every_socket_within_a_second_and_keeps_all_doors_shut(
    workspace: Workspace,
) -> None:
    token = workspace.token("bob")
    async with (
        workspace.chat(token, process=0) as bob,
        workspace.chat(token, process=1) as tab,
        workspace.chat(token, path="/ws/", process=1) as many,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        for socket in (bob, tab, ann):
            await socket.entered()
        await many.until("connection_established")
        assert await asyncio.to_thread(ask, workspace, "POST", "bob/ban") == 200
        begun = time.monotonic()
        for socket in (bob, tab, many):
            assert await socket.closed(1) == 4003
        assert time.monotonic() - begun < 1
        for process in (0, 1):
            assert await (await workspace.connect(token, process=process)).closed() == 4003
            assert await (await workspace.connect(workspace.token("bob"), process=process)).closed() == 4003
        with workspace.api() as api:
            ticket = api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
        with pytest.raises(Refused) as refused:
            await workspace.connect(ticket, snug=False, process=1)
        assert (refused.value.code, refused.value.status) == (4003, 403)
        await ann.say("still here")

        assert await asyncio.to_thread(ask, workspace, "DELETE", "bob/ban") == 200
        for process in (0, 1):
            async with workspace.chat(token, process=process) as again:
                await again.entered()


async def test_a_ban_that_has_ended_lets_them_in_again(workspace: Workspace) -> None:
    token = workspace.token("bob")
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    async with workspace.chat(token, process=1) as bob:
        await bob.entered()
        assert await asyncio.to_thread(ask, workspace, "POST", "bob/ban", until=until.isoformat()) == 200
        assert await bob.closed(1) == CloseCode.FORBIDDEN
    assert await (await workspace.connect(token, process=1)).closed() == CloseCode.FORBIDDEN
    await asyncio.sleep((until - datetime.now(UTC)).total_seconds() + 0.05)
    async with workspace.chat(token, process=1) as again:
        await again.entered()


async def test_a_deleted_user_is_shown_out_and_their_token_opens_nothing(workspace: Workspace) -> None:
    token = workspace.token("bob")
    async with workspace.chat(token, process=1) as bob, workspace.chat(workspace.token("ann")) as ann:
        await bob.entered()
        await ann.entered()
        await bob.say("hello")
        assert await asyncio.to_thread(ask, workspace, "DELETE", "bob") == 204
        assert await bob.closed(1) == 4001
        await ann.send("history")
        (message,) = (await ann.until("history"))["messages"]
        assert (message["seq"], message["message"], message["username"]) == (1, "hello", "Deleted user")
    for process in (0, 1):
        assert await (await workspace.connect(token, process=process)).closed() == 4001


async def test_a_ban_that_nobody_announced_is_found_out(workspace: Workspace, inside: Inside) -> None:
    from realtime.hub import hub

    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    ann = inside(workspace, f"/ws/chat/general/?token={workspace.token('ann')}")
    for socket in (bob, ann):
        await entered(socket)
    rows(workspace, "UPDATE accounts_member SET banned_until = now() + '1 hour' WHERE external_id = 'bob'")
    await (await hub()).admissions.follow_users()
    while (last := await bob.receive_output(5))["type"] != "websocket.close":
        pass
    assert last["code"] == 4003
    await ann.send_json_to({"type": "ping"})
    await next_of(ann, "pong")
