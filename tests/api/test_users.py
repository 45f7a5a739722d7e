"""A tenant's own users over REST: made, listed, changed, deleted, banned; and what their tokens are worth then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.personas import Workspace
from tests.realtime.backstage import rows

ODD = [
    "%00",
    "a%00b",
    "%2F",
    "a%2Fb",
    "%FF",
    "%C3%28",
    "%ED%A0%80",
    "%2E",
    "%2E%2E",
    "%0A",
    "%20",
    "x" * 3000,
]


@pytest.fixture
def api(workspace: Workspace) -> Iterator[httpx.Client]:
    with workspace.api() as client:
        yield client


def come(api: httpx.Client, token: str) -> httpx.Response:
    """A request of the user whom a token names."""
    return api.get("/api/v1/rooms", headers={"Authorization": f"Bearer {token}"})


def later_token(workspace: Workspace, sub: str, **claims: Any) -> str:
    """A token issued after all that was revoked so far."""
    time.sleep(0.002)  # `iat` is in milliseconds
    return workspace.token(sub, **claims)


def test_a_user_is_made_read_changed_and_listed(api: httpx.Client) -> None:
    made = api.post(
        "/api/v1/users", json={"external_id": "bob", "name": " Bob ", "avatar": "https://x.example/b"}
    )
    assert made.status_code == 201
    assert made.json() == {
        "external_id": "bob",
        "username": "Bob",
        "name": "Bob",
        "avatar": "https://x.example/b",
        "kind": "user",
        "created_at": made.json()["created_at"],
        "tokens_valid_after": None,
        "banned": False,
        "banned_until": None,
        "ban_reason": None,
    }
    assert api.get("/api/v1/users/bob").json() == made.json()
    again = api.post("/api/v1/users", json={"external_id": "bob"})
    assert (again.status_code, again.json()["code"]) == (409, "user_exists")
    assert api.patch("/api/v1/users/bob", json={"name": "Robert"}).json()["username"] == "Robert"
    kept = api.put("/api/v1/users/bob", json={"avatar": ""})
    assert (kept.status_code, kept.json()["name"], kept.json()["avatar"]) == (200, "Robert", "")
    assert api.put("/api/v1/users/ann").status_code == 201
    assert [user["external_id"] for user in api.get("/api/v1/users").json()["data"]] == ["bob", "ann"]


def test_a_users_page_neither_skips_nor_repeats_while_more_come(api: httpx.Client) -> None:
    for n in range(7):
        api.put(f"/api/v1/users/u{n}")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get("/api/v1/users", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [user["external_id"] for user in page["data"]]
        if len(seen) == 3:
            api.put("/api/v1/users/late")
            api.delete("/api/v1/users/u1")
        cursor = page["next"]
    assert seen == ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "late"]


def test_guests_are_listed_and_colleagues_and_bots_are_not(workspace: Workspace, api: httpx.Client) -> None:
    guest = api.post("/api/v1/guests", json={"name": "Visitor"}).json()
    come(api, guest["token"])
    assert [(user["external_id"], user["kind"]) for user in api.get("/api/v1/users").json()["data"]] == [
        (guest["sub"], "guest")
    ]
    assert api.get(f"/api/v1/users/{guest['sub']}").status_code == 200
    for other in (workspace.owner_id, f"bot:{workspace.key_id}"):
        for method in ("GET", "PATCH", "DELETE"):
            assert api.request(method, f"/api/v1/users/{other}", json={}).status_code == 404
        assert api.post(f"/api/v1/users/{other}/ban").status_code == 404
        assert api.put(f"/api/v1/users/{other}").status_code == 422


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_id_is_refused_in_words(api: httpx.Client, odd: str) -> None:
    for method, rest in (
        ("GET", ""),
        ("PATCH", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/ban"),
        ("DELETE", "/ban"),
        ("POST", "/revoke-tokens"),
    ):
        answer = api.request(method, f"/api/v1/users/{odd}{rest}", json=None if method == "GET" else {})
        assert answer.status_code in (404, 405, 414, 422, 431), (method, rest, answer.status_code)
    assert api.get("/api/v1/users").json()["data"] == []


@pytest.mark.parametrize(
    "id_", ["a b", "bücher", "🙂", "a:b", "a%b", "ban", "a?b#c", "revoke-tokens", "me@shop.example", "a.b"]
)
def test_an_id_of_any_other_kind_works_everywhere(api: httpx.Client, id_: str) -> None:
    from urllib.parse import quote

    path = f"/api/v1/users/{quote(id_, safe='')}"
    assert api.put(path, json={"name": "Somebody"}).status_code == 201
    assert api.get(path).json()["external_id"] == id_
    assert api.post(f"{path}/ban").json()["banned"]
    assert not api.delete(f"{path}/ban").json()["banned"]
    assert api.post(f"{path}/revoke-tokens").status_code == 200
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"external_id": "staff:x"}, "external_id must not begin with “staff:”"),
        ({"external_id": "deleted:x"}, "external_id must not begin with “staff:”"),
        ({"external_id": ""}, "external_id must be a string of 1 to 128 characters"),
        ({"external_id": "a/b"}, "external_id must not contain a slash"),
        ({}, "external_id is missing"),
        ({"external_id": 5}, "external_id must be a string"),
        ({"external_id": "bob", "name": "a\x00b"}, "name must be a string of ordinary characters"),
        ({"external_id": "bob", "avatar": "http://x.example"}, "avatar must be an https address"),
    ],
    ids=range(8),
)
def test_a_user_who_cannot_be_is_refused_in_words(api: httpx.Client, body: Any, said: str) -> None:
    answer = api.post("/api/v1/users", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert said in answer.json()["detail"]


def test_a_new_name_is_everywhere_at_once(workspace: Workspace, api: httpx.Client) -> None:
    said = {"message": "hello", "sub": "bob"}
    for process in (0, 1):
        with workspace.api(process) as client:
            client.post("/api/v1/rooms/general/messages", json=said)
    api.patch("/api/v1/users/bob", json={"name": "Robert"})
    deadline = time.monotonic() + 1
    with workspace.api(1) as client:
        while client.post("/api/v1/rooms/general/messages", json=said).json()["username"] != "Robert":
            assert time.monotonic() < deadline


# ---- revoked


def test_revoked_tokens_open_nothing_and_newer_ones_do(workspace: Workspace, api: httpx.Client) -> None:
    old = workspace.token("bob")
    assert come(api, old).status_code == 200
    revoked = api.post("/api/v1/users/bob/revoke-tokens")
    assert revoked.json()["tokens_valid_after"] is not None
    assert come(api, old).status_code == 401
    assert come(api, later_token(workspace, "bob")).status_code == 200


def test_tokens_are_revoked_up_to_a_moment(workspace: Workspace, api: httpx.Client) -> None:
    token = workspace.token("bob", iat=int(time.time()) - 60)
    come(api, token).raise_for_status()
    earlier = api.post("/api/v1/users/bob/revoke-tokens", json={"before": "2020-01-01T00:00:00Z"})
    assert earlier.json()["tokens_valid_after"] == "2020-01-01T00:00:00.000Z"
    assert come(api, token).status_code == 200
    to_come = api.post("/api/v1/users/bob/revoke-tokens", json={"before": "2100-01-01T00:00:00Z"})
    assert to_come.json()["tokens_valid_after"] < "2100"  # who signs in after it must be able to
    for before in ("yesterday", 5):
        assert api.post("/api/v1/users/bob/revoke-tokens", json={"before": before}).status_code == 422


@pytest.mark.parametrize("delete", [False, True], ids=["revoked", "deleted"])
def test_a_token_dated_ahead_stays_revoked_also_when_its_moment_has_come(
    workspace: Workspace, api: httpx.Client, delete: bool
) -> None:
    moment = time.time() + 4
    old, device = workspace.token("bob", iat=moment), workspace.token("bob", iat=moment - 1.5)
    for token in (old, device):
        assert come(api, token).status_code == 200
    if delete:
        assert api.delete("/api/v1/users/bob").status_code == 204
    else:
        api.post("/api/v1/users/bob/revoke-tokens").raise_for_status()
    for token in (old, device):
        assert come(api, token).status_code == 401
    # Whoever signs in again has a token of the same clock, which is as far ahead.
    again = workspace.token("bob", iat=time.time() + 4)
    assert come(api, again).status_code == 200
    while time.time() < moment:
        time.sleep(0.1)
    for token in (old, device):
        assert come(api, token).status_code == 401
    assert come(api, again).status_code == 200


# ---- banned


def test_a_banned_user_is_refused_until_the_ban_is_lifted(workspace: Workspace, api: httpx.Client) -> None:
    token = workspace.token("bob")
    with workspace.http(token) as bob, workspace.http(token, process=1) as elsewhere:
        assert bob.get("/api/v1/rooms").status_code == elsewhere.get("/api/v1/rooms").status_code == 200
        banned = api.post("/api/v1/users/bob/ban", json={"reason": "Spam"}).json()
        assert (banned["banned"], banned["banned_until"], banned["ban_reason"]) == (True, None, "Spam")
        deadline = time.monotonic() + 1
        for client in (bob, elsewhere):
            while (answer := client.get("/api/v1/rooms")).status_code != 403:
                assert time.monotonic() < deadline
            assert answer.json()["code"] == "banned"
            assert "Spam" not in answer.text  # the reason is the tenant's own
        for path, body in (("rooms/general/messages", {"message": "x"}), ("rooms", {"name": "x"})):
            assert bob.post(f"/api/v1/{path}", json=body).status_code in (401, 403)
        assert come(api, later_token(workspace, "bob")).status_code == 403
        ticket = api.post("/api/v1/tickets", json={"sub": "bob"})
        assert ticket.status_code == 201  # and opens nothing: tests/realtime/test_bans.py
        assert not api.delete("/api/v1/users/bob/ban").json()["banned"]
        for client in (bob, elsewhere):
            deadline = time.monotonic() + 1
            while client.get("/api/v1/rooms").status_code != 200:
                assert time.monotonic() < deadline


def test_a_ban_ends_by_itself(workspace: Workspace, api: httpx.Client) -> None:
    from datetime import UTC, datetime, timedelta

    token = workspace.token("bob")
    come(api, token).raise_for_status()
    until = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    assert api.post("/api/v1/users/bob/ban", json={"until": until}).json()["banned_until"]
    assert come(api, token).status_code == 403
    deadline = time.monotonic() + 3
    while come(api, token).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert api.get("/api/v1/users/bob").json()["banned"] is False


def test_nobody_speaks_for_a_banned_user(api: httpx.Client) -> None:
    said = {"message": "hello", "sub": "bob"}
    assert api.post("/api/v1/rooms/general/messages", json=said).status_code == 201
    api.post("/api/v1/users/bob/ban")
    refused = api.post("/api/v1/rooms/general/messages", json=said)
    assert (refused.status_code, refused.json()["code"]) == (403, "banned")
    assert api.get("/api/v1/rooms/general").json()["last_seq"] == 1


@pytest.mark.parametrize(
    "body",
    [{"until": "soon"}, {"reason": "x" * 201}, {"reason": "a\x00b"}],
    ids=range(3),
)
def test_a_ban_that_cannot_be_is_refused(api: httpx.Client, body: Any) -> None:
    api.put("/api/v1/users/bob")
    assert api.post("/api/v1/users/bob/ban", json=body).status_code == 422
    assert not api.get("/api/v1/users/bob").json()["banned"]


def test_a_ban_that_would_have_ended_is_none(api: httpx.Client) -> None:
    api.put("/api/v1/users/bob")
    answer = api.post("/api/v1/users/bob/ban", json={"until": "2020-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (409, "moment_passed")
    assert not api.get("/api/v1/users/bob").json()["banned"]


# ---- deleted


def test_a_deleted_user_leaves_what_they_said_and_nothing_of_who_they_were(
    workspace: Workspace, api: httpx.Client
) -> None:
    api.put("/api/v1/users/bob@shop.example", json={"name": "Bob Builder", "avatar": "https://x.example/bob"})
    api.put("/api/v1/rooms/general/members/bob@shop.example")
    for n in range(3):
        api.post(
            "/api/v1/rooms/general/messages", json={"message": f"said {n}", "sub": "bob@shop.example"}
        ).raise_for_status()
    api.post("/api/v1/users/bob@shop.example/ban", json={"reason": "Bob Builder again"})
    assert api.delete("/api/v1/users/bob@shop.example").status_code == 204
    assert api.delete("/api/v1/users/bob@shop.example").status_code == 404
    assert api.get("/api/v1/users").json()["data"] == []
    assert api.get("/api/v1/rooms/general/members").json()["data"] == []
    left = api.get("/api/v1/rooms/general/messages").json()["data"]
    assert [(message["seq"], message["message"]) for message in left] == [
        (3, "said 2"),
        (2, "said 1"),
        (1, "said 0"),
    ]
    assert {message["username"] for message in left} == {"Deleted user"}
    assert {message["user_id"][:8] for message in left} == {"deleted:"}
    kept = str(rows(workspace, "SELECT to_jsonb(m) FROM accounts_member m")) + str(
        rows(workspace, "SELECT to_jsonb(m) FROM accounts_departure m")
    )
    assert "bob" not in kept.lower()


def test_an_old_token_does_not_bring_a_deleted_user_back(workspace: Workspace, api: httpx.Client) -> None:
    old = workspace.token("bob", name="Bob Builder")
    assert come(api, old).status_code == 200
    assert api.delete("/api/v1/users/bob").status_code == 204
    for process in (0, 1):
        with workspace.http(old, process) as bob:
            assert bob.get("/api/v1/rooms").status_code == 401
    assert api.get("/api/v1/users").json()["data"] == []

    fresh = later_token(workspace, "bob")
    assert come(api, fresh).status_code == 200
    assert come(api, old).status_code == 401
    (again,) = api.get("/api/v1/users").json()["data"]
    assert (again["external_id"], again["name"]) == ("bob", "")


@pytest.mark.parametrize("way", ["users", "members", "messages"])
def test_whoever_is_made_anew_by_a_key_is_not_the_one_who_was_deleted(
    workspace: Workspace, api: httpx.Client, way: str
) -> None:
    old = workspace.token("bob", name="Bob Builder")
    come(api, old).raise_for_status()
    api.delete("/api/v1/users/bob")
    if way == "users":
        api.put("/api/v1/users/bob").raise_for_status()
    elif way == "members":
        api.put("/api/v1/rooms/general/members/bob").raise_for_status()
    else:
        api.post("/api/v1/rooms/general/messages", json={"message": "x", "sub": "bob"}).raise_for_status()
    assert come(api, old).status_code == 401
    assert api.get("/api/v1/users/bob").json()["name"] == ""
    assert come(api, later_token(workspace, "bob")).status_code == 200


def test_the_same_id_elsewhere_is_somebody_else(
    workspace: Workspace, elsewhere: Workspace, api: httpx.Client
) -> None:
    token = elsewhere.token("bob")
    with elsewhere.http(token) as theirs:
        assert theirs.get("/api/v1/rooms").status_code == 200
        for method, path in (("POST", "bob/ban"), ("POST", "bob/revoke-tokens"), ("DELETE", "bob")):
            api.put("/api/v1/users/bob")
            assert api.request(method, f"/api/v1/users/{path}").is_success
            assert theirs.get("/api/v1/rooms").status_code == 200
