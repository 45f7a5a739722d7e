"""docs/sockets.md and docs/tokens.md, held to their word: what they show is played against the product."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.console.staff import hire, sign_in
from tests.personas import Chat, Refused, Workspace
from tests.portal.visitor import Visitor
from tests.realtime.test_entry import STAMP

DOCS = Path(__file__).parents[2] / "docs"
SOCKETS, TOKENS = ((DOCS / name).read_text() for name in ("sockets.md", "tokens.md"))
TALKS = dict(re.findall(r"```talk (\S+)\n(.*?)```", SOCKETS, re.DOTALL))

OURS = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}")


@pytest.mark.parametrize("path", ["/ws/chat/general/", "/ws/", "/ws/basic/"])
async def test_a_conversation_goes_as_it_is_written_down(workspace: Workspace, path: str) -> None:
    token = None if path == "/ws/basic/" else workspace.token("bob", name="Bob")
    ids: dict[str, str] = {}  # as they are written down, and as they are
    async with workspace.chat(token, path=path) as chat:
        for line in TALKS[path].splitlines():
            way, written = line[0], json.loads(line[1:])
            if way == "→":
                await chat.raw(json.dumps(_with(ids, written)))
            else:
                await _expect(chat, written, ids)
        assert await chat.quiet() == []


def test_every_kind_of_conversation_is_played() -> None:
    assert list(TALKS) == ["/ws/chat/general/", "/ws/", "/ws/basic/"]


async def test_a_refusal_is_the_document_that_is_shown(workspace: Workspace) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", SOCKETS, re.DOTALL)
    with pytest.raises(Refused) as refused:
        await workspace.connect(None, snug=False)
    assert refused.value.body == json.loads(shown)


async def test_a_token_made_as_shown_opens_a_socket(workspace: Workspace) -> None:
    assert (await _socket_with(workspace, _shown_token(workspace)))["users"] == [
        {"id": "bob", "username": "Bob"}
    ]


async def test_what_the_tables_say_of_tokens_is_so(workspace: Workspace) -> None:
    now = int(time.time())
    good: dict[str, Any] = {"sub": "bob", "exp": now + 60}
    for claims in (
        good,
        good | {"aud": ["snug", "x"]},
        good | {"sub": "x" * 128},
        good | {"exp": now + 86_400},
    ):
        await _socket_with(workspace, _signed(workspace, claims))
    for bad in (
        {"sub": "x" * 129},
        {"sub": "a/b"},
        {"sub": "."},
        {"sub": "bot:x"},
        {"aud": "other"},
        {"exp": now + 86_400 + 120},
        {"rooms": ["r"] * 101},
        {"name": "x" * 4096},
    ):
        await _turned_away(workspace, _signed(workspace, good | bad))
    for left_out in good:
        claims = {name: value for name, value in good.items() if name != left_out}
        await _turned_away(workspace, _signed(workspace, claims))
    await _turned_away(workspace, _signed(workspace, good, alg="HS512"))


async def test_a_ticket_opens_one_socket_and_a_key_none_in_the_url(workspace: Workspace) -> None:
    with workspace.api() as api:
        answer = api.post("/api/v1/tickets", json={"sub": "bob"})
        assert (answer.status_code, set(answer.json())) == (201, {"ticket", "exp"})
        ticket = answer.json()["ticket"]
        assert _who(api, ticket) == 401
    async with workspace.chat(None, query=f"token={ticket}") as chat:
        await chat.entered()
    for query in (f"token={ticket}", f"token={workspace.secret}"):
        with pytest.raises(Refused) as refused:
            await workspace.connect(None, snug=False, query=query)
        assert refused.value.body["close_code"] == 4001
    async with workspace.chat(workspace.secret) as bot:
        assert [user["id"] for user in (await bot.entered())["users"]] in ([], ["bob"])  # and no bot


@pytest.fixture
def agent(workspace: Workspace) -> Iterator[Visitor]:
    """One of the tenant's agents, signed in."""
    with sign_in(workspace, hire(workspace, "agent")) as signed_in:
        yield signed_in


async def test_a_room_for_each_customer_is_one_that_every_agent_has_in_their_list(
    workspace: Workspace, agent: Visitor
) -> None:
    asked = re.findall(r"POST \S+(/api/v1/\w+) .*\n +-d '(.*)'", TOKENS)
    assert [path for path, _ in asked] == ["/api/v1/rooms", "/api/v1/tokens"]
    with workspace.api() as api:
        room, minted = [api.post(path, json=json.loads(body)).json() for path, body in asked]
    async with workspace.chat(minted["token"], room["name"]) as customer:
        await customer.entered()
        await customer.say("My parcel has not come")
    async with workspace.chat(workspace.token("dave", rooms=["customer-4712"]), "customer-4712") as vouched:
        await vouched.entered()  # a token makes the room that is missing
    listed = [each["name"] for each in agent.get("/api/v1/rooms").json()["data"]]
    assert (room["kind"], room["name"] in listed, "customer-4712" in listed) == ("support", True, False)


def _who(client: httpx.Client, credential: str) -> int:
    return client.get("/api/v1/rooms", headers={"Authorization": f"Bearer {credential}"}).status_code


def _shown_token(workspace: Workspace) -> str:
    [code] = re.findall(r"```python\n(.*?)```", TOKENS, re.DOTALL)
    names: dict[str, Any] = {"SIGNING_SECRET": workspace.signing_secret, "KEY_ID": workspace.key_id}
    exec(code, names)
    return str(names["token"])


def _signed(workspace: Workspace, claims: dict[str, Any], alg: str = "HS256") -> str:
    secret = workspace.signing_secret * 2 if alg != "HS256" else workspace.signing_secret
    return jwt.encode(claims, secret, algorithm=alg, headers={"kid": workspace.key_id})


async def _socket_with(workspace: Workspace, token: str) -> dict[str, Any]:
    async with workspace.chat(token) as chat:
        return await chat.entered()


async def _turned_away(workspace: Workspace, token: str) -> None:
    with pytest.raises(Refused) as refused:
        await workspace.connect(token, snug=False)
    assert refused.value.body["close_code"] == 4001


async def _expect(chat: Chat, written: dict[str, Any], ids: dict[str, str]) -> None:
    """The next frame has exactly the written fields, and all their values but ids and moments."""
    frame = await chat.next()
    if "message_id" in written:
        ids.setdefault(written["message_id"], frame["message_id"])
    assert _plain(frame) == _plain(_with(ids, written)), frame


def _with(ids: dict[str, str], value: Any) -> Any:
    text = json.dumps(value)
    for written, real in ids.items():
        text = text.replace(written, real)
    return json.loads(text)


def _plain(value: Any) -> Any:
    """Without what differs each time; ids of messages stay."""
    if isinstance(value, dict):
        return {
            name: "an id" if name == "connection_id" and OURS.fullmatch(each) else _plain(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return "a moment" if isinstance(value, str) and STAMP.fullmatch(value) else value
