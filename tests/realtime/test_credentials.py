"""The ways to say who one is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed

from tests.console.staff import sign_in
from tests.personas import Refused, Workspace
from tests.realtime.backstage import shared, tenant_id_of
from tests.realtime.conftest import Inside
from tests.realtime.office import revoke_key, set_origins, with_another_key

EVIL = "https://evil.example"


def ticket_for(workspace: Workspace, sub: str = "bob") -> str:
    with workspace.api() as api:
        return str(api.post("/api/v1/tickets", json={"sub": sub}).json()["ticket"])


def session_of(workspace: Workspace) -> str:
    """The owner's session cookie."""
    with sign_in(workspace) as desk:
        return str(desk.client.cookies["snug_session"])


async def taken_for(
    workspace: Workspace, token: str | None = None, *headers: tuple[str, str], **options: Any
) -> str | int:
    """Whom the server takes a socket's opener for, or the code with which it refuses."""
    chat = await workspace.connect(token, headers=Headers(headers), **options)  # type: ignore[arg-type]
    try:
        await chat.connection.recv()
        user: str = json.loads(await chat.connection.recv())["user_id"]
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    await chat.close()
    return user


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


async def test_the_first_way_that_was_taken_counts_alone(workspace: Workspace) -> None:
    """Subprotocol, then Authorization, then the parameter, then the session: no other is tried after a refusal."""
    ann, bob, cyd = (workspace.token(name) for name in ("ann", "bob", "cyd"))
    cookie = ("Cookie", f"snug_session={session_of(workspace)}")

    async def asked(subprotocol: str | None, header: str | None, parameter: str | None) -> str | int:
        headers = [cookie, *([("Authorization", f"Bearer {header}")] if header else [])]
        query = f"token={parameter}" if parameter else ""
        return await taken_for(workspace, subprotocol, *headers, query=query, origin=workspace.origin)

    assert await asked(ann, bob, cyd) == "ann"
    assert await asked(None, bob, cyd) == "bob"
    assert await asked(None, None, cyd) == "cyd"
    assert await asked(None, None, None) == workspace.owner_id
    assert await asked("nonsense", bob, cyd) == 4001
    assert await asked(None, "nonsense", cyd) == 4001
    assert await asked(None, None, "nonsense") == 4001


async def test_what_could_be_read_in_two_ways_is_refused(workspace: Workspace, inside: Inside) -> None:
    """A proxy in front of us may have looked at the other one."""
    bob, ann = (f"Bearer {workspace.token(name)}" for name in ("bob", "ann"))
    assert await taken_for(workspace, None, ("Authorization", bob)) == "bob"
    assert await taken_for(workspace, None, ("aUTHORIZATION", bob.replace("Bearer", "bEARER"))) == "bob"
    for second in (ann, bob, "Basic YTpi"):
        headers = (("Authorization", bob), ("authorization", second))
        assert await taken_for(workspace, None, *headers) == 4000
        assert await taken_for(workspace, workspace.token("cyd"), *headers) == 4000

    # Our own server refuses some of these before we see them; another one may not.
    def knock(*headers: tuple[str, str], subprotocols: list[str] | None = None) -> WebsocketCommunicator:
        socket = inside(workspace, subprotocols=subprotocols)
        socket.scope["headers"] += [(name.encode(), value.encode()) for name, value in headers]
        return socket

    own, token = ("Origin", f"http://{workspace.host}"), ("Authorization", bob)
    assert (await knock(token, own).connect(timeout=5))[0]
    for origins in ((own, ("origin", EVIL)), (("origin", EVIL), own), (own, own)):
        assert await knock(token, *origins).connect(timeout=5) == (False, 4000)
    cookie = ("Cookie", f"snug_session={session_of(workspace)}")
    assert (await knock(cookie, own).connect(timeout=5))[0]
    assert await knock(cookie, own, ("Origin", EVIL)).connect(timeout=5) == (False, 4000)
    two = [f"bearer.{workspace.token(name)}" for name in ("bob", "ann")]
    assert (await knock(subprotocols=two[:1]).connect(timeout=5))[0]
    assert await knock(subprotocols=two).connect(timeout=5) == (False, 4000)
    assert await knock(token, ("host", "elsewhere.localhost")).connect(timeout=5) == (False, 4004)


@pytest.mark.parametrize(
    "way", ["subprotocol", "header", "parameter", "ticket", "ticket in the subprotocol", "key"]
)
async def test_a_site_must_be_listed_whichever_way_its_visitors_come(workspace: Workspace, way: str) -> None:
    async def from_site(origin: str | None) -> str | int:
        token = workspace.token("bob")
        match way:
            case "subprotocol":
                return await taken_for(workspace, token, origin=origin)
            case "header":
                return await taken_for(workspace, None, ("Authorization", f"Bearer {token}"), origin=origin)
            case "parameter":
                return await taken_for(workspace, None, query=f"token={token}", origin=origin)
            case "ticket":
                return await taken_for(workspace, None, query=f"token={ticket_for(workspace)}", origin=origin)
            case "key":
                return await taken_for(workspace, workspace.secret, origin=origin)
            case _:
                return await taken_for(workspace, ticket_for(workspace), origin=origin)

    me = f"bot:{workspace.key_id}" if way == "key" else "bob"
    await set_origins(workspace, "https://shop.example.com")
    for origin in (
        None,
        workspace.origin,
        "https://shop.example.com",
        "HTTPS://SHOP.example.com",
        "http://localhost:5173",
    ):
        assert await from_site(origin) == me, origin
    for origin in (
        EVIL,
        "http://shop.example.com",
        "https://shop.example.com.evil.example",
        "https://shop.example.com:8443",
        "https://evil.example/https://shop.example.com",
        "null",
        "file://",
        workspace.origin.replace("http:", "https:"),
        workspace.origin + ".evil.example",
    ):
        assert await from_site(origin) == 4003, origin


async def test_a_ticket_is_not_spent_on_a_site_that_may_not_use_it(workspace: Workspace) -> None:
    ticket = ticket_for(workspace)
    assert await taken_for(workspace, ticket, origin=EVIL) == 4003
    assert await taken_for(workspace, ticket, process=1) == "bob"
    assert await taken_for(workspace, ticket) == 4001


async def test_another_workspaces_ticket_opens_nothing_and_is_not_spent(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    ticket = ticket_for(workspace)
    assert await taken_for(elsewhere, ticket) == 4001
    assert await taken_for(workspace, ticket) == "bob"


async def test_a_key_is_refused_in_the_query_however_it_is_written(workspace: Workspace) -> None:
    everything = "".join(f"%{byte:02x}" for byte in workspace.secret.encode())
    for written in (workspace.secret, workspace.secret.replace("_", "%5F"), everything):
        assert await taken_for(workspace, None, query=f"token={written}") == 4001
    assert await taken_for(workspace, workspace.secret) == f"bot:{workspace.key_id}"
