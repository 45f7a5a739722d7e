"""The ways to say who one is."""

from __future__ import annotations

import pytest

from tests.console.staff import sign_in
from tests.personas import Refused, Workspace
from tests.realtime.backstage import shared, tenant_id_of
from tests.realtime.office import revoke_key, with_another_key


async def test_a_token_comes_as_subprotocol_header_or_parameter(workspace: Workspace) -> None:
    token = workspace.token("bob")
    async with workspace.chat(token, snug=True) as by_subprotocol:
        assert by_subprotocol.connection.subprotocol == "snug.v1"
        await by_subprotocol.entered()
    async with workspace.chat(token, snug=False) as by_parameter:
        assert by_parameter.connection.subprotocol is None
        await by_parameter.entered()
    async with workspace.chat(None, snug=False, headers={"Authorization": f"Bearer {token}"}) as by_header:
        await by_header.entered()


async def test_the_subprotocol_comes_before_the_parameter(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob"), query=f"token={workspace.token('ann')}") as bob:
        assert (await bob.entered())["users"][0]["id"] == "bob"


async def test_a_bot_shows_its_key_where_no_log_and_no_history_keeps_it(workspace: Workspace) -> None:
    async with workspace.chat(workspace.secret) as bot:
        await bot.entered()
        assert (await bot.say("beep"))["user_id"] == f"bot:{workspace.key_id}"
    async with workspace.chat(
        None, snug=False, headers={"Authorization": f"Bearer {workspace.secret}"}
    ) as bot:
        await bot.entered()
    with pytest.raises(Refused) as refused:
        await workspace.connect(workspace.secret, snug=False)
    assert (refused.value.code, refused.value.status) == (4001, 401)
    assert "URL" in refused.value.body["detail"]


async def test_a_key_does_on_sockets_what_its_scopes_allow(workspace: Workspace) -> None:
    reader = await with_another_key(workspace, "messages:read")
    async with reader.chat(reader.secret) as bot:
        await bot.entered()
        await bot.send("chat_message", message="beep", client_id="c")
        error = await bot.until("error")
        assert (error["error"]["code"], error["client_id"]) == ("FORBIDDEN", "c")
    blind = await with_another_key(workspace, "usage:read", "messages:write")
    assert await (await blind.connect(blind.secret)).closed() == 4003


async def test_only_a_key_that_may_mint_tokens_vouches_for_users(workspace: Workspace) -> None:
    minter = await with_another_key(workspace, "tokens:mint")
    async with minter.chat(minter.token("bob")) as bob:
        await bob.entered()
    reader = await with_another_key(workspace, "messages:read")
    assert await (await reader.connect(reader.token("bob"))).closed() == 4001


async def test_a_ticket_is_good_once_and_for_a_minute(workspace: Workspace) -> None:
    with workspace.api() as api:
        tickets = [api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"] for _ in range(3)]
    async with workspace.chat(tickets[0], snug=False, process=1) as bob:
        assert (await bob.entered())["users"] == [{"id": "bob", "username": "bob"}]
        await bob.say("hello")
    for process in (0, 1):
        with pytest.raises(Refused) as used:
            await workspace.connect(tickets[0], snug=False, process=process)
        assert used.value.code == 4001

    keys = list(shared().scan_iter(f"snug:t{tenant_id_of(workspace)}:ticket:*"))
    assert len(keys) == 2
    for key in keys:
        assert 50 < shared().ttl(key) <= 60
        assert not any(ticket.encode() in key for ticket in tickets)  # only a hash is kept
        shared().expire(key, 0)
    with pytest.raises(Refused) as late:
        await workspace.connect(tickets[1], snug=False)
    assert late.value.code == 4001


async def test_a_ticket_falls_with_the_key_that_issued_it(workspace: Workspace) -> None:
    second = await with_another_key(workspace)
    with second.api() as api:
        used, unused = (api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"] for _ in range(2))
    async with second.chat(used, snug=False, process=1) as bob:
        await bob.entered()
        await revoke_key(second)
        assert await bob.closed(1) == 4001
    with pytest.raises(Refused) as refused:
        await second.connect(unused, snug=False)
    assert refused.value.code == 4001


async def test_staff_enter_with_their_session_from_their_own_pages_only(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with sign_in(workspace) as alice_at_her_desk:
        session = alice_at_her_desk.client.cookies["snug_session"]
    headers = {"Cookie": f"snug_session={session}"}
    async with workspace.chat(None, origin=workspace.origin, headers=headers) as alice:
        online = await alice.entered()
        assert online["users"][0]["id"] == workspace.owner_id
        assert online["users"][0]["id"].startswith("staff:")
        await alice.say("hello")

    for origin in (
        None,
        "http://localhost:5173",
        elsewhere.origin,
        workspace.origin.replace("http", "https") + "0",
    ):
        chat = await workspace.connect(None, origin=origin, headers=headers)
        assert await chat.closed() == 4003
    # Another workspace's door does not know the session, though it is on the same machine.
    chat = await elsewhere.connect(None, origin=elsewhere.origin, headers=headers)
    assert await chat.closed() == 4001
