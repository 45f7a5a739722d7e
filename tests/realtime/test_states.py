"""What a workspace's state opens and closes: every kind of socket, every kind of page, on every process."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.console.staff import sign_in
from tests.personas import Chat, Refused, Workspace
from tests.realtime.backstage import rows
from tests.realtime.office import set_state

SOCKETS = {"/ws/chat/general/": "bob", "/ws/": "bob", "/ws/basic/": None}
# What the contract allows a change to take until every socket and page knows of it.
KNOWN_WITHIN = 2.0
STATUS = {4402: 402, 4004: 404}
# Nobody's data, and on every host the same.
ALWAYS = ("/static/snug/base.css", "/healthz", "/readyz")
SIGN_IN = ("/login/", "/login/forgot/")
PAGES = ("/", "/console/", "/console/live/", "/chat/", "/widget.js", "/nothing/")
API = (
    "/api/v1/rooms",
    "/api/v1/rooms/general/messages",
    "/api/v1/docs",
    "/api/v1/openapi.json",
    "/api/v1/nothing",
)

# State: how sockets are refused, and how pages and sign-in answer; None: as ever.
CLOSED = {"suspended": (4402, 402, None), "provisioning": (4004, 404, 404), "deleting": (4004, 404, 404)}
CODES = {
    "suspended": "tenant_suspended",
    "provisioning": "no_such_workspace",
    "deleting": "no_such_workspace",
}


async def everywhere(workspace: Workspace, stack: AsyncExitStack) -> list[Chat]:
    """A socket of every kind on every process."""
    chats = []
    for path, sub in SOCKETS.items():
        for process in range(2):
            token = workspace.token(sub) if sub else None
            chat = await stack.enter_async_context(workspace.chat(token, path=path, process=process))
            await chat.next()
            chats.append(chat)
    return chats


async def change(workspace: Workspace, state: str, *, announced: bool) -> None:
    if announced:
        await set_state(workspace, state)
    else:  # as by another node whose word was lost
        rows(workspace, "UPDATE public.tenants_tenant SET state = %s WHERE slug = %s", state, workspace.slug)


async def put(workspace: Workspace, state: str) -> None:
    """Change the state, and wait until both processes answer so."""
    await set_state(workspace, state)
    status = CLOSED[state][1] if state in CLOSED else 401
    async with asyncio.timeout(KNOWN_WITHIN):
        for process in range(2):
            with workspace.http(process=process) as client:
                while client.get("/api/v1/rooms").status_code != status:
                    await asyncio.sleep(0.02)


async def doors(workspace: Workspace, *, plain_too: bool = True) -> set[int]:
    """The close codes with which new sockets of all kinds are refused on both processes; 0 for one that is let in.
    `plain_too`: clients that do not know our protocol must be refused alike, in the handshake."""
    found = set()
    for path, sub in SOCKETS.items():
        token = workspace.token(sub) if sub else None
        for process in range(2):
            async with workspace.chat(token, path=path, process=process) as chat:
                code = await _code(chat)
            found.add(code)
            if code and plain_too:
                with pytest.raises(Refused) as error:
                    await workspace.connect(token, path=path, process=process, snug=False)
                assert (error.value.code, error.value.status) == (code, STATUS[code])
    return found


async def _code(chat: Chat) -> int:
    try:
        await chat.next()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    return 0


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "unannounced"])
@pytest.mark.parametrize("state", sorted(CLOSED))
async def test_a_workspace_that_is_closed_has_no_open_socket_of_any_kind(
    workspace: Workspace, elsewhere: Workspace, state: str, announced: bool
) -> None:
    code, _, _ = CLOSED[state]
    async with AsyncExitStack() as stack:
        chats = await everywhere(workspace, stack)
        others = await everywhere(elsewhere, stack)
        begun = time.monotonic()
        await change(workspace, state, announced=announced)
        assert await asyncio.gather(*(chat.closed() for chat in chats)) == [code] * len(chats)
        assert time.monotonic() - begun < KNOWN_WITHIN
        if not announced:  # a process may have looked just before
            await asyncio.sleep(KNOWN_WITHIN - (time.monotonic() - begun))
        assert await doors(workspace) == {code}

        await set_state(workspace, "active")  # and paying restores it at once
        async with asyncio.timeout(KNOWN_WITHIN):  # of which trying all the doors takes most
            while await doors(workspace, plain_too=False) != {0}:
                pass
        for chat in others:
            await chat.send("ping")
            await chat.until("pong")


@pytest.mark.parametrize("state", sorted(CLOSED))
async def test_a_workspace_that_is_closed_answers_so_on_every_page(workspace: Workspace, state: str) -> None:
    _, page, login = CLOSED[state]
    with sign_in(workspace) as alice, workspace.http() as anyone, workspace.api(1) as server:
        for client in (alice.client, anyone, server):
            before = {path: client.get(path).status_code for path in (*ALWAYS, *SIGN_IN, *PAGES, *API)}
            assert not {402, 500, 503} & set(before.values()), before
            await put(workspace, state)
            for path in PAGES:
                answer = client.get(path)
                assert answer.status_code == page, path
                assert "html" in answer.headers["content-type"], path
            for path in API:
                _is_problem(client.get(path), page, CODES[state])
            for path in SIGN_IN:
                assert client.get(path).status_code == (login or before[path]), path
            for path in ALWAYS:
                assert client.get(path).status_code == 200, path
            await put(workspace, "active")
            assert {path: client.get(path).status_code for path in before} == before
        for method, path in (("POST", "rooms"), ("PUT", "rooms/general/members/bob"), ("POST", "guests")):
            await put(workspace, state)
            _is_problem(server.request(method, f"/api/v1/{path}", json={"name": "x"}), page, CODES[state])
    assert rows(workspace, "SELECT name FROM rooms_room") == [("general",)]
    assert rows(workspace, "SELECT count(*) FROM accounts_member WHERE external_id = 'bob'") == [(0,)]


async def test_the_owner_of_a_suspended_workspace_can_still_sign_in_and_out(workspace: Workspace) -> None:
    await put(workspace, "suspended")
    with sign_in(workspace, to="/console/billing/") as alice:
        page = alice.get("/console/")
        assert page.status_code == 402
        assert 'href="/console/billing/"' in page.text
        assert alice.get("/login/?next=/console/billing/").headers["location"] == "/console/billing/"
        assert alice.get("/console/billing/").status_code == 200
        await put(workspace, "active")
        assert alice.get("/console/").status_code == 200


async def test_a_workspace_past_due_works_like_any_other(pro: Workspace) -> None:
    # One person may have twice as many sockets there as `everywhere` opens: a share is given back a moment late.
    async with AsyncExitStack() as stack:
        chats = await everywhere(pro, stack)
        with sign_in(pro) as alice, pro.http() as anyone, pro.api(1) as server:
            clients = (alice.client, anyone, server)
            pages = (*ALWAYS, *SIGN_IN, *PAGES, *API)
            before = [client.get(path).status_code for client in clients for path in pages]
            await put(pro, "past_due")
            assert [client.get(path).status_code for client in clients for path in pages] == before
            assert server.post("/api/v1/rooms", json={"name": "new"}).status_code == 201
        await asyncio.sleep(1.2)  # every process has looked once more
        for chat in chats:
            await chat.send("ping")
            await chat.until("pong")
        assert await doors(pro) == {0}


def _is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
