"""Rooms and their members."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from tests.personas import Workspace

Open = Callable[..., Workspace]

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize("kind", ["public", "private", "direct", "support"])
def test_a_room_is_made_listed_and_read_alike(workspace: Workspace, kind: str) -> None:
    with workspace.api() as client:
        made = client.post(
            "/api/v1/rooms", json={"name": "Kitchen_2-b", "kind": kind, "title": " The kitchen "}
        )
        assert made.status_code == 201, made.text
        room = made.json()
        assert STAMP.fullmatch(room.pop("created_at"))
        assert room == {
            "name": "Kitchen_2-b", "kind": kind, "title": "The kitchen", "last_seq": 0, "archived": False,
            "slow_mode": 0, "unread": None,
        }  # fmt: skip
        assert client.get("/api/v1/rooms/Kitchen_2-b").json() == made.json()
        assert client.get("/api/v1/rooms").json()["data"][1] == made.json()


def test_a_title_may_be_left_out(workspace: Workspace) -> None:
    with workspace.api() as client:
        assert client.post("/api/v1/rooms", json={"name": "a", "kind": "public"}).json()["title"] == ""
        assert (
            client.post("/api/v1/rooms", json={"name": "b", "kind": "public", "title": None}).status_code
            == 201
        )


def test_a_name_is_taken_once(workspace: Workspace) -> None:
    with workspace.api(0) as one, workspace.api(1) as other:
        assert one.post("/api/v1/rooms", json={"name": "kitchen"}).status_code == 201
        for client in (one, other):
            answer = client.post("/api/v1/rooms", json={"name": "kitchen", "kind": "private"})
            assert (answer.status_code, answer.json()["code"]) == (409, "room_exists")
        assert one.get("/api/v1/rooms/kitchen").json()["kind"] == "public"
        assert one.post("/api/v1/rooms", json={"name": "general"}).status_code == 409


BAD_ROOMS: list[dict[str, Any]] = [
    {},
    {"name": None},
    {"name": ""},
    {"name": "a room"},
    {"name": "küche"},
    {"name": "a" * 81},
    {"name": "a\n"},
    {"name": "a/b"},
    {"name": "a\x00"},
    {"name": 5},
    {"name": ["a"]},
    {"name": "a", "kind": "secret"},
    {"name": "a", "kind": None},
    {"name": "a", "kind": ["public"]},
    {"name": "a", "title": "t" * 121},
    {"name": "a", "title": 5},
    {"name": "a", "title": "t\x00"},
]


@pytest.mark.parametrize("body", BAD_ROOMS, ids=lambda body: repr(body)[:40])
def test_a_bad_wish_for_a_room_is_422_and_makes_none(workspace: Workspace, body: dict[str, Any]) -> None:
    with workspace.api() as client:
        answer = client.post("/api/v1/rooms", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field"), answer.text
        assert [room["name"] for room in client.get("/api/v1/rooms").json()["data"]] == ["general"]


def test_rooms_are_as_many_as_the_plan_has(workspace: Workspace) -> None:
    with workspace.api() as client:
        made = [client.post("/api/v1/rooms", json={"name": f"r{n}"}).status_code for n in range(20)]
        assert made == [201] * 19 + [403]
        answer = client.post("/api/v1/rooms", json={"name": "more"})
        assert answer.json()["code"] == "room_limit_reached"
        assert "20 rooms" in answer.json()["detail"]


def test_what_is_not_there_is_404(workspace: Workspace) -> None:
    with workspace.api() as client:
        for path in (
            "rooms/nowhere",
            "rooms/nowhere/members",
            "rooms/nowhere/messages",
            "rooms/general/members/bob",
        ):
            answer = client.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


def test_users_see_the_rooms_they_may_enter(workspace: Workspace) -> None:
    with workspace.api() as client:
        for name, kind in (("lobby", "public"), ("vault", "private"), ("attic", "private")):
            client.post("/api/v1/rooms", json={"name": name, "kind": kind})
        client.put("/api/v1/rooms/vault/members/bob")

    def seen_by(token: str) -> tuple[list[str], list[int]]:
        with workspace.http(token) as user:
            listed = [room["name"] for room in user.get("/api/v1/rooms").json()["data"]]
            read = [user.get(f"/api/v1/rooms/{name}").status_code for name in ("lobby", "vault", "attic")]
        return listed, read

    assert seen_by(workspace.token("bob")) == (["general", "lobby", "vault"], [200, 200, 403])
    assert seen_by(workspace.token("charlie")) == (["general", "lobby"], [200, 403, 403])
    assert seen_by(workspace.token("charlie", rooms=["attic"])) == (["attic"], [403, 403, 200])
    assert seen_by(workspace.token("charlie", rooms=[])) == ([], [403, 403, 403])


def test_members_come_and_go(workspace: Workspace) -> None:
    with workspace.api() as client:
        client.post("/api/v1/rooms", json={"name": "vault", "kind": "private"})
        with workspace.http(workspace.token("bob", name="Bob")) as bob:
            assert bob.get("/api/v1/rooms/vault").status_code == 403
            added = client.put("/api/v1/rooms/vault/members/bob")
            assert added.status_code == 201
            member = added.json()
            assert member.keys() == {"external_id", "username", "role", "joined_at", "muted_until"}
            assert (member["external_id"], member["username"], member["role"]) == ("bob", "Bob", "member")
            assert STAMP.fullmatch(member["joined_at"])
            assert client.get("/api/v1/rooms/vault/members/bob").json() == member
            assert client.get("/api/v1/rooms/vault/members").json() == {"data": [member], "next": None}
            assert bob.get("/api/v1/rooms/vault").status_code == 200

            gone = client.delete("/api/v1/rooms/vault/members/bob")
            assert (gone.status_code, gone.content) == (204, b"")
            assert client.delete("/api/v1/rooms/vault/members/bob").status_code == 404
            assert client.get("/api/v1/rooms/vault/members/bob").status_code == 404
            assert bob.get("/api/v1/rooms/vault").status_code == 403


def test_a_role_is_given_kept_and_changed(workspace: Workspace) -> None:
    with workspace.api() as client:
        path = "/api/v1/rooms/general/members/bob"
        answers = [
            client.put(path, json={"role": "moderator"}),
            client.put(path),
            client.put(path, json={}),
            client.put(path, json={"role": None}),
            client.put(path, json={"role": "member"}),
        ]
        assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
        assert [answer.json()["role"] for answer in answers] == ["moderator"] * 4 + ["member"]
        for role in ("owner", "", 5, ["member"]):
            answer = client.put(path, json={"role": role})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
        assert client.get(path).json()["role"] == "member"


def test_an_unknown_user_is_made_known_ones_of_any_kind_are_taken(workspace: Workspace) -> None:
    bot = f"bot:{workspace.key_id}"
    with workspace.api() as client:
        for external_id in ("new-user", workspace.owner_id, bot, "ü 🙂", "x" * 128):
            answer = client.put(f"/api/v1/rooms/general/members/{external_id}")
            assert (answer.status_code, answer.json()["external_id"]) == (201, external_id)
        for refused in ("staff:nobody", "guest:0123456789abcdef", "bot:nobody", "x" * 129):
            answer = client.put(f"/api/v1/rooms/general/members/{refused}")
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")


@pytest.mark.parametrize("what", ["rooms", "members", "messages"])
def test_lists_are_exact_at_every_edge(new_workspace: Open, what: str) -> None:
    workspace = new_workspace(plan="pro")
    with workspace.api() as client:

        def add(number: int) -> str:
            match what:
                case "rooms":
                    answer = client.post("/api/v1/rooms", json={"name": f"n{number}"})
                case "members":
                    answer = client.put(f"/api/v1/rooms/general/members/n{number}")
                case _:
                    answer = client.post("/api/v1/rooms/general/messages", json={"message": f"n{number}"})
            assert answer.status_code == 201, answer.text
            return f"n{number}"

        path = "/api/v1/rooms" if what == "rooms" else f"/api/v1/rooms/general/{what}"
        named = {"rooms": "name", "members": "external_id", "messages": "message"}[what]

        def page(**params: Any) -> tuple[list[str], str | None]:
            answer = client.get(path, params=params)
            assert answer.status_code == 200, answer.text
            assert answer.json().keys() == {"data", "next"}
            return [each[named] for each in answer.json()["data"]], answer.json()["next"]

        def walk(limit: int, meanwhile: Callable[[], object] = lambda: None) -> list[list[str]]:
            pages, cursor = [], None
            while True:
                names, cursor = page(limit=limit, **({"cursor": cursor} if cursor else {}))
                pages.append(names)
                meanwhile()
                if cursor is None:
                    return pages

        first = ["general"] if what == "rooms" else []
        assert page() == (first, None)
        assert page(limit=1) == (first, None)  # exactly full, or empty
        for number in range(6 - len(first)):
            add(number)
        everything = first + [f"n{number}" for number in range(6 - len(first))]
        if what == "messages":
            everything.reverse()  # newest first
        assert page() == (everything, None)
        assert page(limit=6) == (everything, None)
        assert page(limit=100) == (everything, None)
        for limit in (1, 2, 3, 4, 5):
            pages = walk(limit)
            assert [len(names) for names in pages][:-1] == [limit] * (len(pages) - 1)
            assert [name for names in pages for name in names] == everything

        # What arrives meanwhile is not seen twice and hides nothing.
        arrivals = iter([100, 101, 102])
        walked = [name for names in walk(2, lambda: [add(n) for n in islice(arrivals, 1)]) for name in names]
        assert walked[: len(everything)] == everything
        assert len(walked) == len(set(walked))
