"""What is wrong with a request is said in sentences one can act on, and in our own words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.personas import Workspace

MESSAGES = "rooms/general/messages"
REACTION = f"{MESSAGES}/00000000-0000-4000-8000-000000000000/reactions"


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "said"),
    [
        ("POST", "rooms", [], "body", "A JSON object is wanted."),
        ("POST", "rooms", "x", "body", "A JSON object is wanted."),
        ("POST", "rooms", None, "body", "A JSON object is wanted."),
        ("POST", "rooms", {}, "name", "name is missing."),
        ("POST", "rooms", {"name": 5}, "name", "name must be a string."),
        (
            "POST",
            "rooms",
            {"name": "a", "kind": "odd"},
            "kind",
            "kind must be 'public', 'private', 'direct' or 'support'.",
        ),
        (
            "POST",
            "rooms",
            {"name": "a", "title": "x" * 121},
            "title",
            "title must have at most 120 characters.",
        ),
        ("PATCH", "rooms/general", {"slow_mode": -1}, "slow_mode", "slow_mode must be at least 0."),
        ("PATCH", "rooms/general", {"slow_mode": "x"}, "slow_mode", "slow_mode must be a whole number."),
        ("PATCH", "rooms/general", {"archived": "yes"}, "archived", "archived must be true or false."),
        ("POST", "tokens", {"sub": "bob", "ttl": 86_401}, "ttl", "ttl must be at most 86,400."),
        ("POST", "tokens", {"sub": "bob", "rooms": 5}, "rooms", "rooms must be a list."),
        ("GET", "rooms?limit=x", ..., "limit", "limit must be a whole number."),
        ("GET", "rooms?limit=101", ..., "limit", "limit must be at most 100."),
        ("GET", f"rooms?limit={'9' * 5000}", ..., "limit", "limit is too large a number."),
        ("POST", "filters", {"pattern": "x"}, "kind", "kind is missing."),
        ("POST", "filters", {"kind": "regex"}, "kind", "kind must be 'word' or 'link'."),
        ("POST", "filters", [], "body", "A JSON object is wanted."),
        ("POST", "filters", {"kind": "word", "pattern": "x"}, "action", "action is missing."),
        (
            "POST",
            "filters",
            {"kind": "word", "pattern": "x", "action": "allow"},
            "action",
            "action must be 'refuse', 'mask' or 'report'.",
        ),
        (
            "POST",
            "webhooks",
            {"url": "https://shop.example.com/", "events": []},
            "events",
            "events must hold at least 1 item.",
        ),
        ("GET", "search?q=", ..., "q", "q must have at least 1 character."),
        ("POST", "webhooks", {"url": "", "events": ["*"]}, "url", "url must have at least 1 character."),
        (
            "PUT",
            "rooms/general/members/bob",
            {"muted_until": "soon"},
            "muted_until",
            "muted_until: a moment is written as RFC 3339 has it, such as 2030-01-31T12:00:00Z.",
        ),
    ],
    ids=range(24),
)
def test_a_refused_field_is_named_in_a_sentence(
    module_workspace: Workspace, method: str, path: str, body: Any, field: str, said: str
) -> None:
    sent = {} if body is ... else {"json": body}
    if body is None:
        sent = {"content": b"null", "headers": {"Content-Type": "application/json"}}
    with module_workspace.api() as api:
        answer = api.request(method, f"/api/v1/{path}", **sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert answer.json()["detail"] == said
    assert answer.json()["errors"] == [{"field": field, "message": said}]


def test_an_emoji_with_a_slash_is_refused_in_words(module_workspace: Workspace) -> None:
    with module_workspace.api() as api:
        for method in ("PUT", "DELETE"):
            for emoji in ("a%2Fb", "a/b", "%2F", "%F0%9F%91%8D/"):
                answer = api.request(method, f"/api/v1/{REACTION}/{emoji}")
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
                assert answer.json()["detail"].startswith("emoji must not hold a slash")


def test_a_members_id_that_none_can_have_is_refused_in_words(module_workspace: Workspace) -> None:
    with module_workspace.api() as api:
        for id_, said in (
            ("a%2Fb", "external_id must not contain a slash or control characters."),
            ("%2F", "external_id must not contain a slash or control characters."),
            (
                "staff:x",
                "external_id must not begin with “staff:”, “guest:”, “bot:” or “deleted:”, which are Snug's own.",
            ),
            ("guest:0a1b", "guest:0a1b is not known yet. Add a guest once they have come into the chat."),
        ):
            answer = api.put(f"/api/v1/rooms/general/members/{id_}")
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
            assert answer.json()["detail"] == said
            for method in ("GET", "DELETE"):
                assert api.request(method, f"/api/v1/rooms/general/members/{id_}").status_code == 404


def test_several_refused_fields_are_all_named(module_workspace: Workspace) -> None:
    with module_workspace.api() as api:
        said = api.post("/api/v1/rooms", json={"name": 5, "title": 5}).json()
    assert said["detail"] == "name must be a string. title must be a string."
    assert [each["field"] for each in said["errors"]] == ["name", "title"]


def test_whoever_cannot_speak_in_a_room_is_named_and_how_to_let_them_in(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "cust-1", "kind": "private"})
        refused = api.post("/api/v1/rooms/cust-1/messages", json={"message": "hi", "sub": "anna b"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert refused.json()["detail"] == (
            "anna b is not a member of cust-1. Add them with PUT /api/v1/rooms/cust-1/members/anna%20b."
        )
        api.put(refused.json()["detail"].split()[-1].rstrip("."))
        said = api.post("/api/v1/rooms/cust-1/messages", json={"message": "hi", "sub": "anna b"})
        assert (said.status_code, said.json()["user_id"]) == (201, "anna b")
        for method in ("GET", "DELETE"):
            missing = api.request(method, "/api/v1/rooms/cust-1/members/bob")
            assert (missing.status_code, missing.json()["detail"]) == (404, "bob is not a member of cust-1.")


def test_whoever_is_muted_is_named_to_the_key_that_speaks_for_them(workspace: Workspace) -> None:
    member = "/api/v1/rooms/general/members/bob"
    with workspace.api() as api, workspace.http(workspace.token("bob")) as bob:
        api.put(member, json={"muted_until": "9999-12-31T00:00:00Z"})
        said = {"message": "hi"}
        mine = bob.post("/api/v1/rooms/general/messages", json=said)
        assert mine.json()["detail"] == "You are muted in this room."
        refused = api.post("/api/v1/rooms/general/messages", json=said | {"sub": "bob"})
        assert (refused.status_code, refused.json()["code"]) == (403, "muted")
        assert refused.json()["detail"] == (
            f"bob is muted in general. To let them write, PUT {member} with muted_until null."
        )
        api.put(member, json={"muted_until": None})
        assert api.post("/api/v1/rooms/general/messages", json=said | {"sub": "bob"}).status_code == 201
