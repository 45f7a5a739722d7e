"""Keys and tokens that are taken back."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.personas import Refused, Workspace
from tests.realtime.backstage import rows
from tests.realtime.conftest import Inside, entered, next_of
from tests.realtime.office import revoke_key, revoke_tokens, tenant_of, with_another_key


async def test_a_revoked_key_closes_what_it_vouched_for_on_both_processes(workspace: Workspace) -> None:
    second = await with_another_key(workspace)
    async with (
        second.chat(second.token("bob"), process=0) as bob,
        second.chat(second.token("ann"), process=1) as ann,
        second.chat(second.secret, process=1) as bot,
        second.chat(second.token("ann"), path="/ws/basic/", process=1) as check,
        workspace.chat(workspace.token("zoe"), process=1) as zoe,
    ):
        for socket in (bob, ann, bot, zoe):
            await socket.entered()
        begun = time.monotonic()
        await revoke_key(second)
        for socket in (bob, ann, bot, check):
            assert await socket.closed(1) == 4001
        assert time.monotonic() - begun < 1
        for process in (0, 1):
            for credential in (second.token("bob"), second.secret):
                refused = await second.connect(credential, process=process)
                assert await refused.closed() == 4001
        await zoe.say("another key's user stays")


async def test_a_user_whose_revocation_nobody_announced_is_found_out(
    workspace: Workspace, inside: Inside
) -> None:
    from realtime.hub import hub

    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    ann = inside(workspace, f"/ws/chat/general/?token={workspace.token('ann')}")
    for socket in (bob, ann):
        await entered(socket)
    rows(workspace, "UPDATE accounts_member SET tokens_valid_after = now() WHERE external_id = 'bob'")
    await (await hub()).admissions.follow_users()
    while (last := await bob.receive_output(5))["type"] != "websocket.close":
        pass
    assert last["code"] == 4001
    await ann.send_json_to({"type": "ping"})
    await next_of(ann, "pong")


async def test_a_key_that_nobody_announced_as_revoked_is_found_out(workspace: Workspace) -> None:
    """In this process, where the clock can be hurried."""
    from realtime.admissions import Admissions
    from realtime.events import CloseCode
    from tenants.database import close_pool

    closed: list[int] = []

    class Outlet:
        closed = False

        def close(self, code: int, reason: str = "") -> None:
            closed.append(code)

    class Socket:
        connection_id, key_id, issued_at, user, session = "c", workspace.key_id, None, "bob", None
        lease: Any = None
        outlet: Any = Outlet()

        def go_by(self, name: str) -> None:
            raise AssertionError(name)

    admissions = Admissions()
    admissions.admit(await tenant_of(workspace), Socket())
    await admissions.follow_keys()
    assert closed == []
    rows(workspace, "UPDATE accounts_apikey SET expires_at = now() WHERE id = %s", workspace.key_id)
    await admissions.follow_keys()
    assert closed == [CloseCode.UNAUTHENTICATED]
    await close_pool()


async def test_a_user_whose_tokens_are_revoked_is_out_until_there_is_a_newer_one(
    workspace: Workspace,
) -> None:
    old = workspace.token("bob")
    async with (
        workspace.chat(old, process=0) as bob,
        workspace.chat(old, process=1) as tab,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        for socket in (bob, tab, ann):
            await socket.entered()
        await revoke_tokens(workspace, "bob")
        for socket in (bob, tab):
            assert await socket.closed(1) == 4001
        for process in (0, 1):
            refused = await workspace.connect(old, process=process)
            assert await refused.closed() == 4001
        await asyncio.sleep(0.01)
        async with workspace.chat(workspace.token("bob"), process=1) as again:
            await again.entered()
        await ann.say("still here")


async def test_a_revoked_key_opens_nothing_any_more(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob"), process=1) as bob:
        await bob.entered()
        await revoke_key(workspace)
        assert await bob.closed(1) == 4001
    with workspace.api(process=1) as api:
        assert api.get("/api/v1/rooms").status_code == httpx.codes.UNAUTHORIZED
    with pytest.raises(Refused) as refused:
        await workspace.connect(workspace.token("bob"), snug=False)
    assert refused.value.status == 401


async def test_a_token_dated_ahead_is_shut_out_with_its_sockets_and_a_newer_one_stays(
    workspace: Workspace,
) -> None:
    old = workspace.token("bob", iat=time.time() + 50)
    async with workspace.chat(old, process=0) as bob, workspace.chat(old, process=1) as elsewhere:
        for socket in (bob, elsewhere):
            await socket.entered()
        with workspace.api() as api:
            api.post("/api/v1/users/bob/revoke-tokens").raise_for_status()
        for socket in (bob, elsewhere):
            assert await socket.closed(2) == 4001
    for process in (0, 1):
        assert await (await workspace.connect(old, process=process)).closed() == 4001
    async with workspace.chat(workspace.token("bob", iat=time.time() + 50)) as again:
        await again.entered()
        await again.say("back")
