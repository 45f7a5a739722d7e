"""`POST /tokens`, `/tickets`, `/guests`: what they give, and to whom."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from accounts import tokens
from tenants import actions, directory
from tenants.models import Tenant
from tests.personas import Refused, Workspace
from tests.threads import giving_back


def test_a_minted_token_says_what_was_asked_and_works_everywhere(workspace: Workspace) -> None:
    asked = {
        "sub": "bob",
        "name": " Bob\tO. ",
        "avatar": "https://x.example/b.png",
        "rooms": ["b", "a"],
        "ttl": 60,
    }
    with workspace.api() as client:
        answer = client.post("/api/v1/tokens", json=asked)
    assert answer.status_code == 201
    assert answer.json().keys() == {"token", "exp"}
    claims = tokens.verify(answer.json()["token"], workspace.signing_secret)
    assert (claims.sub, claims.name, claims.avatar) == ("bob", "Bob O.", "https://x.example/b.png")
    assert claims.rooms == frozenset({"a", "b"})
    assert claims.exp == answer.json()["exp"]
    assert 55 < claims.exp - time.time() <= 60


def test_a_token_lasts_an_hour_unless_told_otherwise(workspace: Workspace) -> None:
    with workspace.api() as client:
        for body, lasts in [
            ({"sub": "bob"}, 3600),
            ({"sub": "bob", "ttl": None, "name": None, "avatar": None, "rooms": None}, 3600),
            ({"sub": "bob", "ttl": 1}, 1),
            ({"sub": "bob", "ttl": 86_400}, 86_400),
        ]:
            answer = client.post("/api/v1/tokens", json=body)
            assert answer.status_code == 201, answer.text
            assert lasts - 5 < answer.json()["exp"] - time.time() <= lasts


BAD_TOKENS: list[dict[str, Any]] = [
    {},
    {"sub": None},
    {"sub": ""},
    {"sub": 5},
    {"sub": ["bob"]},
    {"sub": "u" * 129},
    {"sub": "a/b"},
    {"sub": "a\nb"},
    {"sub": "a\x00b"},
    {"sub": "guest:0123456789abcdef"},
    {"sub": "STAFF:alice"},
    {"sub": "bob", "ttl": 0},
    {"sub": "bob", "ttl": -1},
    {"sub": "bob", "ttl": 86_401},
    {"sub": "bob", "ttl": 10**400},
    {"sub": "bob", "ttl": "3600"},
    {"sub": "bob", "ttl": True},
    {"sub": "bob", "ttl": 1.5},
    {"sub": "bob", "name": 5},
    {"sub": "bob", "name": "a\x00"},
    {"sub": "bob", "avatar": "http://x.example"},
    {"sub": "bob", "avatar": "javascript:alert(1)"},
    {"sub": "bob", "rooms": "general"},
    {"sub": "bob", "rooms": ["a room"]},
    {"sub": "bob", "rooms": [5]},
    {"sub": "bob", "rooms": [f"r{n}" for n in range(101)]},
    {"sub": "bob", "rooms": ["r" * 75 + f"{n:04}" for n in range(60)]},
]


@pytest.mark.parametrize("body", BAD_TOKENS, ids=lambda body: repr(body)[:60])
def test_a_bad_wish_for_a_token_is_422_and_says_which_field(
    workspace: Workspace, body: dict[str, Any]
) -> None:
    with workspace.api() as client:
        answer = client.post("/api/v1/tokens", json=body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] in ("invalid_field", "token_too_large")
    blamed = "sub" if body.get("sub") != "bob" else next(name for name in body if name != "sub")
    assert blamed in problem["detail"] or blamed in str(problem.get("errors"))


async def test_a_ticket_opens_one_socket_for_its_user(workspace: Workspace) -> None:
    with workspace.api() as client:
        answer = client.post("/api/v1/tickets", json={"sub": "bob"})
    assert answer.status_code == 201
    assert answer.json().keys() == {"ticket", "exp"}
    assert 50 < answer.json()["exp"] - time.time() <= 60
    ticket = answer.json()["ticket"]
    async with workspace.chat(ticket, snug=False) as socket:
        assert [user["id"] for user in (await socket.entered())["users"]] == ["bob"]
    with pytest.raises(Refused) as refused:
        await workspace.connect(ticket, snug=False)
    assert refused.value.code == 4001


@pytest.mark.parametrize("body", [{}, {"sub": ""}, {"sub": 5}, {"sub": "a/b"}, {"sub": "bot:x"}])
def test_a_bad_wish_for_a_ticket_is_422(workspace: Workspace, body: dict[str, Any]) -> None:
    with workspace.api() as client:
        answer = client.post("/api/v1/tickets", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")


async def test_a_guest_needs_no_key_and_may_talk(workspace: Workspace) -> None:
    with workspace.http() as client:
        answer = client.post("/api/v1/guests", json={"name": "Ann"})
    assert answer.status_code == 201
    assert answer.json().keys() == {"token", "exp", "sub"}
    assert answer.json()["sub"].startswith("guest:")
    assert answer.json()["exp"] - time.time() <= 86_400
    async with workspace.chat(answer.json()["token"]) as socket:
        assert (await socket.entered())["users"] == [{"id": answer.json()["sub"], "username": "Ann"}]
        assert (await socket.say("hello"))["user_id"] == answer.json()["sub"]


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b'{"name": null}', b'{"name": " \\u200b "}'])
def test_a_guest_without_a_name_gets_one(workspace: Workspace, content: bytes) -> None:
    with workspace.http() as client:
        answer = client.post(
            "/api/v1/guests", content=content, headers={"Content-Type": "application/json"} if content else {}
        )
        assert answer.status_code == 201, answer.text
        assert client.post("/api/v1/guests").json()["sub"] != answer.json()["sub"]


@pytest.mark.parametrize("name", [5, ["Ann"], "n" * 201, "a\x00b", {"a": 1}])
def test_a_guest_with_a_bad_name_is_422(workspace: Workspace, name: object) -> None:
    with workspace.http() as client:
        answer = client.post("/api/v1/guests", json={"name": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")


def test_a_guest_comes_back_under_the_same_id(workspace: Workspace, elsewhere: Workspace) -> None:
    with workspace.http() as client, elsewhere.http() as there:
        first = client.post("/api/v1/guests", json={"name": "Ann"}).json()
        held = {"Authorization": f"Bearer {first['token']}"}
        again = client.post("/api/v1/guests", headers=held).json()
        assert again["sub"] == first["sub"]
        with workspace.http(again["token"]) as ann:
            said = ann.post("/api/v1/rooms/general/messages", json={"message": "still me"}).json()
        assert (said["user_id"], said["username"]) == (first["sub"], "Ann")
        renamed = client.post("/api/v1/guests", headers=held, json={"name": "Anna"}).json()
        assert renamed["sub"] == first["sub"]
        # Only as oneself: nobody becomes another's guest, and no other kind of caller keeps its id here.
        assert there.post("/api/v1/guests", headers=held).status_code == 401
        user = {"Authorization": f"Bearer {workspace.token('bob')}"}
        assert client.post("/api/v1/guests", headers=user).json()["sub"].startswith("guest:")
        assert client.post("/api/v1/guests", headers={"Authorization": "Bearer x"}).status_code == 401


def test_guests_come_from_allowed_origins_alone(workspace: Workspace) -> None:
    actions.set_origins(workspace.tenant.id, ["https://shop.example.com"])
    with workspace.http() as client:
        for origin, expected in [
            ("https://shop.example.com", 201),
            (workspace.origin, 201),
            ("http://localhost:9000", 201),  # development only
            ("https://evil.example", 403),
            ("https://shop.example.com.evil.example", 403),
            ("null", 403),
        ]:
            answer = client.post("/api/v1/guests", headers={"Origin": origin})
            assert answer.status_code == expected, origin
            if expected == 403:
                assert answer.json()["code"] == "origin_not_allowed"
                assert "access-control-allow-origin" not in answer.headers


async def test_a_workspace_may_have_no_guests(workspace: Workspace) -> None:
    with workspace.http() as client:
        token = client.post("/api/v1/guests").json()["token"]
    await asyncio.to_thread(
        giving_back(Tenant.objects.filter(slug=workspace.slug).update), guests_allowed=False
    )
    directory.forget()
    with workspace.http(process=1) as client:  # the first process may be two seconds behind
        answer = client.post("/api/v1/guests")
    assert (answer.status_code, answer.json()["code"]) == (403, "guests_not_allowed")
    with pytest.raises(Refused) as refused:
        await workspace.connect(token, process=1, snug=False)
    assert refused.value.code == 4001
