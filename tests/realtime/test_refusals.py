"""Every refusal, in each of the three ways in which a socket can be refused.

Our own clients (`snug.v1`) are accepted and at once closed with the code; others get an HTTP status with a problem
document that carries the code; a server without that ASGI extension closes before it accepts.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import jwt
import pytest

from tests.personas import Chat, Refused, Workspace
from tests.realtime.backstage import rows, shared, tenant_id_of
from tests.realtime.conftest import Inside
from tests.realtime.office import set_origins

STATUS = {4000: 400, 4001: 401, 4002: 429, 4003: 403, 4004: 404, 4402: 402}


@dataclass
class Knock:
    """An attempt to open a socket."""

    code: int
    token: str | None = None
    path: str = "/ws/chat/general/"
    query: str = ""
    host: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def signed(
    workspace: Workspace, secret: str | None = None, *, kid: Any = None, alg: str = "HS256", **claims: Any
) -> str:
    """A token, as wrong as one likes. A claim of `None` is left out."""
    payload = {"sub": "bob", "exp": int(time.time()) + 600} | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    key: Any = "" if alg == "none" else (secret or workspace.signing_secret) * (2 if alg == "HS512" else 1)
    return jwt.encode(payload, key, algorithm=alg, headers={"kid": kid or workspace.key_id})


def knocks(workspace: Workspace, elsewhere: Workspace) -> dict[str, Knock]:
    now = int(time.time())
    good = workspace.token("bob")
    head, body, signature = good.split(".")
    bad_tokens = {
        "no token": None,
        "a token that is none": "nonsense",
        "an empty token's dots": "..",
        "a wrong signature": f"{head}.{body}.{signature[::-1]}",
        "another workspace's token": elsewhere.token("bob"),
        "another workspace's secret under our kid": signed(workspace, elsewhere.signing_secret),
        "our secret under another workspace's kid": signed(workspace, kid=elsewhere.key_id),
        "an unknown kid": signed(workspace, kid="key_0123456789abcdef"),
        "a kid that is none": signed(workspace, kid="' OR 1=1"),
        "alg none": signed(workspace, alg="none"),
        "another alg": signed(workspace, alg="HS512"),
        "expired": signed(workspace, exp=now - 61),
        "no exp": signed(workspace, exp=None),
        "exp in more than 24 h": signed(workspace, exp=now + 24 * 3600 + 120),
        "exp as text": signed(workspace, exp="soon"),
        "no sub": signed(workspace, sub=None),
        "an empty sub": signed(workspace, sub=""),
        "a sub of 129 characters": signed(workspace, sub="x" * 129),
        "a sub with a slash": signed(workspace, sub="a/b"),
        "a sub with a control character": signed(workspace, sub="a\nb"),
        "a sub with NUL": signed(workspace, sub="a\0b"),
        "a sub that is a number": signed(workspace, sub=7),
        "a sub that poses as staff": signed(workspace, sub=workspace.owner_id),
        "a sub that poses as a guest": signed(workspace, sub="guest:0123456789abcdef"),
        "a sub that poses as a bot": signed(workspace, sub=f"bot:{workspace.key_id}"),
        "a sub that poses in capitals": signed(workspace, sub="STAFF:boss"),
        "another audience": signed(workspace, aud="elsewhere"),
        "issued tomorrow": signed(workspace, iat=now + 86_400, exp=now + 86_000),
        "rooms that are none": signed(workspace, rooms="general"),
        "over 4 KiB": signed(workspace, name="x" * 4096),
        "another workspace's API key": elsewhere.secret,
        "an API key with a wrong end": workspace.secret[:-1] + ("A" if workspace.secret[-1] != "A" else "B"),
        "a ticket that is none": "snug_tk_" + "x" * 43,
    }
    table = {name: Knock(4001, token) for name, token in bad_tokens.items()}
    return table | {
        "a path that is no room": Knock(4000, good, "/ws/chat/"),
        "a path that is no socket": Knock(4000, good, "/ws/nowhere/"),
        "a room name with a space": Knock(4000, good, "/ws/chat/a%20b/"),
        "a room name with a slash": Knock(4000, good, "/ws/chat/a%2Fb/"),
        "a room name with NUL": Knock(4000, good, "/ws/chat/a%00b/"),
        "a room name that is no UTF-8": Knock(4000, good, "/ws/chat/%FF/"),
        "a room name of 81 characters": Knock(4000, good, f"/ws/chat/{'x' * 81}/"),
        "a room without the last slash": Knock(4000, good, "/ws/chat/general"),
        "a malformed since": Knock(4000, good, query="since=x"),
        "many rooms without a token": Knock(4001, None, "/ws/"),
        "many rooms with another workspace's token": Knock(4001, elsewhere.token("bob"), "/ws/"),
        "many rooms from an origin that is not listed": Knock(
            4003, good, "/ws/", headers={"Origin": "https://evil.example"}
        ),
        "many rooms without the last slash": Knock(4000, good, "/ws"),
        "many rooms at a host that is nobody's": Knock(4004, good, "/ws/", host="nobody-at-all.localhost"),
        "the connection check with a bad token": Knock(4001, "nonsense", "/ws/basic/"),
        "a room that is not there": Knock(4004, good, "/ws/chat/nowhere/"),
        "a host that is nobody's": Knock(4004, good, host="nobody-at-all.localhost"),
        "the portal's host": Knock(4004, good, host="localhost"),
        "a private room, as an outsider": Knock(4003, workspace.token("charlie"), "/ws/chat/board/"),
        "a room beyond the token's own": Knock(4003, workspace.token("bob", rooms=["other"])),
        "an origin that is not listed": Knock(4003, good, headers={"Origin": "https://evil.example"}),
        "the null origin": Knock(4003, good, headers={"Origin": "null"}),
        "a cookie from another site": Knock(
            4003, None, headers={"Cookie": "snug_session=x", "Origin": "https://evil.example"}
        ),
        "a cookie from no site": Knock(4003, None, headers={"Cookie": "snug_session=x"}),
    }


@pytest.fixture
def table(workspace: Workspace, elsewhere: Workspace) -> dict[str, Knock]:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
    return knocks(workspace, elsewhere)


async def test_our_own_clients_are_accepted_and_closed_with_the_code(
    workspace: Workspace, table: dict[str, Knock]
) -> None:
    for name, knock in table.items():
        chat = await _connect(workspace, knock, snug=True)
        assert chat.connection.subprotocol == "snug.v1", name
        assert await chat.closed() == knock.code, name
        assert chat.connection.close_reason, name


async def test_others_get_a_status_and_a_problem_document(
    workspace: Workspace, table: dict[str, Knock]
) -> None:
    for name, knock in table.items():
        with pytest.raises(Refused) as refused:
            await _connect(workspace, knock, snug=False)
        assert refused.value.code == knock.code, (name, refused.value)
        assert refused.value.status == STATUS[knock.code], name
        assert {"type", "title", "status", "code", "detail", "close_code"} <= set(refused.value.body), name


async def test_a_server_that_cannot_answer_so_closes_before_it_accepts(
    workspace: Workspace, table: dict[str, Knock], inside: Inside
) -> None:
    for name, knock in table.items():
        query = "&".join(
            part for part in (f"token={knock.token}" if knock.token else "", knock.query) if part
        )
        socket = inside(workspace, f"{knock.path}?{query}")
        headers = [(b"host", (knock.host or workspace.host).encode())]
        socket.scope["headers"] = headers + [
            (k.lower().encode(), v.encode()) for k, v in knock.headers.items()
        ]
        socket.scope["path"] = unquote(socket.scope["path"])  # as every server does
        assert await socket.connect(timeout=5) == (False, knock.code), name


async def test_nothing_is_allocated_for_a_refused_socket(
    workspace: Workspace, table: dict[str, Knock]
) -> None:
    for knock in table.values():
        chat = await _connect(workspace, knock, snug=True)
        await chat.closed()
    prefix = f"snug:t{tenant_id_of(workspace)}:"
    assert shared().keys(f"{prefix}leases*") == []
    assert shared().keys(f"{prefix}room:*") == []
    # Not even a user: those whom no good token named were never created.
    assert {
        row[0] for row in rows(workspace, "SELECT external_id FROM accounts_member WHERE kind = 'user'")
    } <= {
        "bob",
        "charlie",
    }


async def test_the_rightful_one_gets_in_by_each_of_these_ways(workspace: Workspace, inside: Inside) -> None:
    for knock in (
        Knock(0, workspace.token("bob")),
        Knock(0, signed(workspace)),
        Knock(0, signed(workspace, exp=int(time.time()) - 30)),  # within the leeway
        Knock(0, signed(workspace, aud="snug", iat=int(time.time()))),
        Knock(0, signed(workspace, sub="x" * 128)),
        Knock(0, workspace.token("bob"), headers={"Origin": workspace.origin}),
        Knock(0, workspace.token("bob"), headers={"Origin": "http://localhost:5173"}),
        Knock(0, workspace.token("bob"), headers={"Origin": "http://127.0.0.1:8080"}),
    ):
        for snug in (True, False):
            chat = await _connect(workspace, knock, snug=snug)
            await chat.entered()
            await chat.close()


async def test_a_listed_origin_may_speak(workspace: Workspace) -> None:
    headers = {"Origin": "https://shop.example.com"}
    chat = await _connect(workspace, Knock(4003, workspace.token("bob"), headers=headers), snug=True)
    assert await chat.closed() == 4003
    await set_origins(workspace, "https://shop.example.com")
    for process in (0, 1):  # both are told at once
        async with asyncio.timeout(2):
            while not await _lets_in(workspace, Knock(0, workspace.token("bob"), headers=headers), process):
                pass


async def _lets_in(workspace: Workspace, knock: Knock, process: int) -> bool:
    try:
        chat = await _connect(workspace, knock, snug=False, process=process)
    except Refused:
        return False
    await chat.close()
    return True


async def _connect(workspace: Workspace, knock: Knock, *, snug: bool, process: int = 0) -> Chat:
    there = replace(workspace, host=knock.host) if knock.host else workspace
    return await there.connect(
        knock.token,
        path=knock.path,
        query=knock.query,
        process=process,
        snug=snug,
        origin=knock.headers.get("Origin"),
        headers={name: value for name, value in knock.headers.items() if name != "Origin"},
    )
