"""API keys over REST: made, listed, rotated with an overlap, revoked; and never more than the key that makes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from accounts import tokens
from tests.personas import Workspace
from tests.realtime.backstage import rows


@pytest.fixture
def api(workspace: Workspace) -> Iterator[httpx.Client]:
    with workspace.api() as client:
        yield client


def made(client: httpx.Client, *scopes: str, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/keys", json={"name": "Shop", "scopes": scopes or ["admin"], **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def opens(workspace: Workspace, credential: str, process: int = 0) -> bool:
    with workspace.http(credential, process) as client:
        status = client.get("/api/v1/rooms").status_code
    assert status in (200, 401)
    return status == 200


def signed_by(key: dict[str, Any], sub: str = "bob") -> str:
    return tokens.sign(key["signing_secret"], key["id"], sub, 600)[0]


def rotated(workspace: Workspace, old: dict[str, Any], overlap: int) -> dict[str, Any]:
    with workspace.api() as client:
        answer = client.post(f"/api/v1/keys/{old['id']}/rotate", json={"overlap": overlap})
    assert answer.status_code == 201, answer.text
    new: dict[str, Any] = answer.json()
    return new


def told_of(workspace: Workspace, key: dict[str, Any]) -> dict[str, Any]:
    with workspace.api() as client:
        found: dict[str, Any] = client.get(f"/api/v1/keys/{key['id']}").json()
    return found


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_key_is_made_and_its_secrets_are_told_once(workspace: Workspace, api: httpx.Client) -> None:
    key = made(api, "rooms:read", "tokens:mint", expires_at="2040-01-01T00:00:00Z")
    assert key["secret"].startswith(key["prefix"])
    assert key["expires_at"] == "2040-01-01T00:00:00.000Z"
    assert (key["active"], key["last_used_at"], key["replaced_by"]) == (True, None, None)
    assert opens(workspace, key["secret"])
    assert opens(workspace, signed_by(key), process=1)
    read = api.get(f"/api/v1/keys/{key['id']}")
    assert read.json()["last_used_at"] is not None
    for told in (read.text, api.get("/api/v1/keys").text):
        assert key["secret"] not in told
        assert key["signing_secret"] not in told
    assert made(api, "rooms:read")["signing_secret"] is None


def test_keys_are_listed_oldest_first_page_by_page_and_the_internal_one_is_not(
    workspace: Workspace, api: httpx.Client
) -> None:
    ids = [workspace.key_id, *(made(api)["id"] for _ in range(4))]
    rows(workspace, "UPDATE accounts_apikey SET created_at = now()")  # all in the same moment
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get("/api/v1/keys", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [key["id"] for key in page["data"]]
        cursor = page["next"]
    assert seen == sorted(ids)
    for odd in ("nonsense", "djE6a2V5X25vbmU", "djE6AA", "é"):
        answer = api.get("/api/v1/keys", params={"cursor": odd})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "x"}, "scopes is missing"),
        ({"name": "x", "scopes": []}, "scopes"),
        (
            {"name": "x", "scopes": ["everything"]},
            "no scope everything. There are messages:read, messages:write, ",
        ),
        ({"name": "x", "scopes": "admin"}, "scopes must be a list"),
        ({"name": " ", "scopes": ["admin"]}, "1 to 80 characters"),
        ({"name": "x" * 81, "scopes": ["admin"]}, "at most 80 characters"),
        ({"name": "x\x00", "scopes": ["admin"]}, "ordinary characters"),
        ({"name": "x", "scopes": ["admin"], "expires_at": "soon"}, "RFC 3339"),
    ],
    ids=range(8),
)
def test_a_key_that_cannot_be_is_refused_in_words(api: httpx.Client, body: Any, said: str) -> None:
    answer = api.post("/api/v1/keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert said in answer.json()["detail"]


def test_a_key_that_would_have_ended_is_not_made(api: httpx.Client) -> None:
    answer = api.post(
        "/api/v1/keys", json={"name": "x", "scopes": ["admin"], "expires_at": "2020-01-01T00:00:00Z"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "moment_passed")


@pytest.mark.parametrize("odd", ["key_none", "%00", "%2F", "%FF", "..%2F", "x" * 2000], ids=range(6))
def test_an_odd_key_id_is_not_found(api: httpx.Client, odd: str) -> None:
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        assert api.request(method, f"/api/v1/keys/{odd}{rest}").status_code == 404


# ---- no more than it has


def test_a_key_gives_no_scope_that_it_lacks(workspace: Workspace, api: httpx.Client) -> None:
    some = made(api, "keys:write", "rooms:read")
    with workspace.http(some["secret"]) as client:
        assert made(client, "rooms:read")["scopes"] == ["rooms:read"]
        for wanted in (["rooms:write"], ["admin"], ["rooms:read", "tokens:mint"]):
            refused = client.post("/api/v1/keys", json={"name": "More", "scopes": wanted})
            assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    with workspace.http(made(api, "rooms:read")["secret"]) as client:
        assert client.post("/api/v1/keys", json={"name": "x", "scopes": ["rooms:read"]}).status_code == 403


def test_a_key_lays_no_hand_on_one_that_may_do_more(workspace: Workspace, api: httpx.Client) -> None:
    some, equal = made(api, "keys:write", "rooms:read"), made(api, "rooms:read")
    with workspace.http(some["secret"]) as client:
        for path in (
            f"/api/v1/keys/{workspace.key_id}/rotate",
            f"/api/v1/keys/{made(api, 'admin')['id']}/rotate",
        ):
            assert client.post(path).json()["code"] == "missing_scope"
        assert client.delete(f"/api/v1/keys/{workspace.key_id}").json()["code"] == "missing_scope"
        assert client.post(f"/api/v1/keys/{equal['id']}/rotate").status_code == 201
        assert client.delete(f"/api/v1/keys/{equal['id']}").status_code == 204
    assert opens(workspace, workspace.secret)


def test_a_key_that_ends_gives_none_that_lasts_longer(workspace: Workspace, api: httpx.Client) -> None:
    mortal = made(api, expires_at="2040-01-01T00:00:00Z")
    with workspace.http(mortal["secret"]) as client:
        assert made(client)["expires_at"] == mortal["expires_at"]
        assert made(client, expires_at="2039-01-01T00:00:00Z")["expires_at"] == "2039-01-01T00:00:00.000Z"
        later = {"name": "x", "scopes": ["admin"], "expires_at": "2041-01-01T00:00:00Z"}
        assert client.post("/api/v1/keys", json=later).status_code == 403
        itself = client.post(f"/api/v1/keys/{mortal['id']}/rotate", json={"expires_at": None})
        assert itself.json()["expires_at"] == mortal["expires_at"]


# ---- rotation


async def test_both_keys_work_during_the_overlap_and_the_new_one_after(
    workspace: Workspace, api: httpx.Client
) -> None:
    old = made(api)
    new = rotated(workspace, old, 2)
    assert (new["name"], new["scopes"], new["expires_at"]) == (old["name"], old["scopes"], None)
    assert new["secret"] != old["secret"]
    assert new["signing_secret"] != old["signing_secret"]
    for process in (0, 1):
        for key in (old, new):
            assert opens(workspace, key["secret"], process)
            assert opens(workspace, signed_by(key), process)
    said = {}
    for key in (old, new):
        with workspace.http(key["secret"]) as client:
            said[key["id"]] = client.post("/api/v1/rooms/general/messages", json={"message": "x"}).json()[
                "user_id"
            ]
    assert set(said.values()) == {f"bot:{old['id']}"}  # one bot, whichever key it speaks with
    told = told_of(workspace, old)
    assert (told["active"], told["replaced_by"]) == (True, new["id"])
    ends = datetime.fromisoformat(told["expires_at"])
    async with workspace.chat(signed_by(old), process=1) as bob, workspace.chat(signed_by(new)) as ann:
        await bob.entered()
        await ann.entered()
        assert await bob.closed(15) == 4001
        assert datetime.now(UTC) > ends
        await ann.say("still here")
    for process in (0, 1):
        assert not opens(workspace, old["secret"], process)
        assert not opens(workspace, signed_by(old), process)
        assert opens(workspace, new["secret"], process)
        assert opens(workspace, signed_by(new), process)


async def test_without_an_overlap_the_old_key_ends_within_a_second(
    workspace: Workspace, api: httpx.Client
) -> None:
    old = made(api)
    async with workspace.chat(signed_by(old), process=1) as bob:
        await bob.entered()
        new = rotated(workspace, old, 0)
        assert await bob.closed(1) == 4001
    deadline = time.monotonic() + 1
    for process in (0, 1):
        while opens(workspace, old["secret"], process):
            assert time.monotonic() < deadline
        assert opens(workspace, new["secret"], process)


def test_a_key_rotates_itself_once(workspace: Workspace, api: httpx.Client) -> None:
    answer = api.post(f"/api/v1/keys/{workspace.key_id}/rotate")
    assert answer.status_code == 201
    again = api.post(f"/api/v1/keys/{workspace.key_id}/rotate")
    assert (again.status_code, again.json()["code"]) == (409, "key_rotated")
    assert answer.json()["id"] in again.json()["detail"]


def test_a_rotation_does_not_lengthen_a_keys_life(api: httpx.Client) -> None:
    old = made(api, expires_at=in_seconds(100))
    new = api.post(f"/api/v1/keys/{old['id']}/rotate", json={"overlap": 7 * 86_400}).json()
    assert api.get(f"/api/v1/keys/{old['id']}").json()["expires_at"] == old["expires_at"]
    assert new["expires_at"] == old["expires_at"]
    longer = api.post(f"/api/v1/keys/{new['id']}/rotate", json={"expires_at": None}).json()
    assert longer["expires_at"] is None


@pytest.mark.parametrize("overlap", [-1, 7 * 86_400 + 1, "60", 1.5, None, 10**30])
def test_an_overlap_is_of_at_most_seven_days(api: httpx.Client, workspace: Workspace, overlap: Any) -> None:
    path = f"/api/v1/keys/{workspace.key_id}/rotate"
    assert api.post(path, json={"overlap": overlap}).status_code == 422
    assert api.post(path, json={"overlap": 7 * 86_400}).status_code == 201


def test_what_is_over_cannot_be_rotated(api: httpx.Client, workspace: Workspace) -> None:
    revoked, expired = made(api), made(api)
    assert api.delete(f"/api/v1/keys/{revoked['id']}").status_code == 204
    assert api.delete(f"/api/v1/keys/{revoked['id']}").status_code == 204
    rows(workspace, "UPDATE accounts_apikey SET expires_at = now() WHERE id = %s", expired["id"])
    for key in (revoked, expired):
        answer = api.post(f"/api/v1/keys/{key['id']}/rotate")
        assert (answer.status_code, answer.json()["code"]) == (409, "key_unusable")


def test_a_repeated_request_makes_one_key_and_tells_its_secret_once(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "make-a-key"}
    body = {"name": "Shop", "scopes": ["admin"]}
    first, second = (api.post("/api/v1/keys", json=body, headers=headers).json() for _ in range(2))
    assert first["id"] == second["id"]
    assert first["secret"] is not None
    assert second["secret"] is second["signing_secret"] is None
    assert len(api.get("/api/v1/keys").json()["data"]) == 2


def test_keys_are_in_the_audit(workspace: Workspace, api: httpx.Client) -> None:
    key = made(api)
    new = api.post(f"/api/v1/keys/{key['id']}/rotate", json={"overlap": 0}).json()
    api.delete(f"/api/v1/keys/{new['id']}")
    mine = api.get("/api/v1/audit", params={"actor": f"bot:{workspace.key_id}"}).json()["data"]
    assert [(entry["action"], entry["object"]) for entry in mine] == [
        ("key.revoked", new["id"]),
        ("key.rotated", key["id"]),
        ("key.created", key["id"]),
    ]
    assert mine[1]["details"]["replaced_by"] == new["id"]
