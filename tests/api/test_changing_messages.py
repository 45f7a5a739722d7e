"""Edits, deletions and reactions over REST, and that sockets cannot tell them from their own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.personas import Workspace

Open = Callable[..., Workspace]
MESSAGES = "/api/v1/rooms/general/messages"
FLEETING = {"message_id", "seq", "rev", "timestamp", "edited_at", "client_id"}


def lasting(frame: dict[str, Any]) -> dict[str, Any]:
    """A frame but for what differs with every message."""
    return {name: value for name, value in frame.items() if name not in FLEETING}


async def test_what_is_changed_here_reaches_sockets_exactly_as_their_own_changes_do(
    workspace: Workspace,
) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()

        async def heard(type_: str) -> dict[str, Any]:
            frame = await ann.until(type_)
            assert await bob.until(type_) == frame
            return frame

        one, two = await bob.say("one"), await bob.say("one")
        await ann.until("chat_message", message_id=two["message_id"])
        with workspace.http(workspace.token("bob"), process=1) as user:
            path = f"{MESSAGES}/{two['message_id']}"
            await bob.send("edit_message", message_id=one["message_id"], message="better")
            by_socket = await heard("message_edited")
            edited = user.patch(path, json={"message": " better "})
            by_rest = await heard("message_edited")
            assert lasting(by_rest) == lasting(by_socket)
            assert by_rest == {"type": "message_edited", **edited.json()}
            assert by_rest["rev"] == by_socket["rev"] + 1

            await bob.send("react", message_id=one["message_id"], emoji="🎂", on=True)
            by_socket = await heard("reaction")
            reacted = user.put(f"{path}/reactions/{quote('🎂')}")
            by_rest = await heard("reaction")
            assert lasting(by_rest) == lasting(by_socket)
            assert reacted.status_code == 200
            assert reacted.json() == edited.json() | {
                "rev": by_rest["rev"],
                "reactions": [{"emoji": "🎂", "count": 1}],
            }

            await bob.send("react", message_id=one["message_id"], emoji="🎂", on=False)
            by_socket = await heard("reaction")
            taken = user.delete(f"{path}/reactions/{quote('🎂')}")
            by_rest = await heard("reaction")
            assert lasting(by_rest) == lasting(by_socket)
            assert (taken.status_code, taken.json()["reactions"]) == (200, [])

            await bob.send("delete_message", message_id=one["message_id"])
            by_socket = await heard("message_deleted")
            deleted = user.delete(path)
            by_rest = await heard("message_deleted")
            assert lasting(by_rest) == lasting(by_socket)
            assert by_rest == {"type": "message_deleted", **deleted.json()}
            assert deleted.json() == {
                "message_id": two["message_id"],
                "seq": 2,
                "rev": by_rest["rev"],
                "room": "general",
                "deleted": True,
            }
            assert user.get(path).json() == deleted.json()


async def test_a_change_that_changes_nothing_is_answered_and_not_told(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann")) as ann:
        await ann.entered()
        with workspace.http(workspace.token("bob"), process=1) as user:
            said = user.post(MESSAGES, json={"message": "hello"}).json()
            path = f"{MESSAGES}/{said['message_id']}"
            assert user.patch(path, json={"message": "hello"}).json() == said
            assert user.delete(f"{path}/reactions/x").json() == said
            first = user.put(f"{path}/reactions/x").json()
            assert user.put(f"{path}/reactions/x").json() == first
            gone = user.delete(path).json()
            assert user.delete(path).json() == gone
            for too_late in (user.patch(path, json={"message": "back"}), user.put(f"{path}/reactions/x")):
                assert (too_late.status_code, too_late.json()["code"]) == (409, "message_deleted")
        assert [(await ann.next())["type"] for _ in range(3)] == [
            "chat_message",
            "reaction",
            "message_deleted",
        ]
        assert await ann.quiet() == []


def test_its_author_edits_a_message_and_its_author_or_a_moderator_deletes_it(workspace: Workspace) -> None:
    with (
        workspace.api() as api,
        workspace.http(workspace.token("bob")) as bob,
        workspace.http(workspace.token("ann")) as ann,
        workspace.http(workspace.token("mia")) as mia,
    ):
        api.put("/api/v1/rooms/general/members/mia", json={"role": "moderator"}).raise_for_status()

        def fresh() -> str:
            return f"{MESSAGES}/{bob.post(MESSAGES, json={'message': 'mine'}).json()['message_id']}"

        for who, may_edit, may_delete in (
            (bob, 200, 200), (ann, 403, 403), (mia, 403, 200), (api, 200, 200),
        ):  # fmt: skip
            path = fresh()
            edited, deleted = who.patch(path, json={"message": "changed"}), who.delete(path)
            assert (edited.status_code, deleted.status_code) == (may_edit, may_delete)
            for answer in (edited, deleted):
                assert answer.status_code == 200 or answer.json()["code"] == "forbidden"


def test_a_key_reacts_as_its_bot_or_as_a_user(workspace: Workspace) -> None:
    with workspace.api() as api:
        said = api.post(MESSAGES, json={"message": "cake"}).json()
        path = f"{MESSAGES}/{said['message_id']}/reactions/{quote('🎂')}"
        assert api.put(path).json()["reactions"] == [{"emoji": "🎂", "count": 1}]
        assert api.put(path, json={"sub": "newcomer"}).json()["reactions"] == [{"emoji": "🎂", "count": 2}]
        assert api.put(path, json={"sub": "newcomer"}).json()["reactions"] == [{"emoji": "🎂", "count": 2}]
        assert api.delete(path, params={"sub": "nobody-did"}).json()["reactions"][0]["count"] == 2
        assert api.delete(path, params={"sub": "newcomer"}).json()["reactions"][0]["count"] == 1
        assert api.delete(path).json()["reactions"] == []
        for sub in ("", "a/b", "bot:x", "staff:x", "x" * 129, "a\x00"):
            for answer in (api.put(path, json={"sub": sub}), api.delete(path, params={"sub": sub})):
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field"), sub
        with workspace.http(workspace.token("bob")) as bob:
            for answer in (bob.put(path, json={"sub": "ann"}), bob.delete(path, params={"sub": "bob"})):
                assert (answer.status_code, answer.json()["code"]) == (403, "sub_not_allowed")


@pytest.mark.parametrize("kind", ["private", "direct", "support"])
def test_who_may_not_enter_changes_nothing(workspace: Workspace, kind: str) -> None:
    with (
        workspace.api() as api,
        workspace.http(workspace.token("bob")) as bob,
        workspace.http(workspace.token("charlie")) as charlie,
    ):
        api.post("/api/v1/rooms", json={"name": "vault", "kind": kind}).raise_for_status()
        api.put("/api/v1/rooms/vault/members/bob").raise_for_status()
        said = bob.post("/api/v1/rooms/vault/messages", json={"message": "x"}).json()
        path = f"/api/v1/rooms/vault/messages/{said['message_id']}"
        for answer in (
            charlie.patch(path, json={"message": "y"}),
            charlie.delete(path),
            charlie.put(f"{path}/reactions/x"),
            charlie.delete(f"{path}/reactions/x"),
            api.put(f"{path}/reactions/x", json={"sub": "charlie"}),
            api.delete(f"{path}/reactions/x", params={"sub": "charlie"}),
            charlie.get("/api/v1/presence/vault"),
            charlie.get(path),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        # Nor is a message found through another room.
        for answer in (
            bob.patch(path.replace("vault", "general"), json={"message": "y"}),
            bob.delete(path.replace("vault", "general")),
            bob.put(path.replace("vault", "general") + "/reactions/x"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert bob.get(path).json() == said
        assert bob.put(f"{path}/reactions/x").status_code == 200


BAD_TEXTS: list[tuple[dict[str, Any], str]] = [
    ({}, "empty_message"),
    ({"message": None}, "empty_message"),
    ({"message": " \n"}, "empty_message"),
    ({"message": 5}, "invalid_field"),
    ({"message": ["x"]}, "invalid_field"),
    ({"message": "a\x00b"}, "invalid_field"),
    ({"message": "a\ud800b"}, "invalid_field"),
    ({"message": "m" * 1001}, "message_too_long"),
]


@pytest.mark.parametrize(("body", "code"), BAD_TEXTS, ids=[repr(body)[:40] for body, _ in BAD_TEXTS])
def test_a_bad_edit_is_422_and_changes_nothing(workspace: Workspace, body: dict[str, Any], code: str) -> None:
    with workspace.api() as api:
        said = api.post(MESSAGES, json={"message": "hello"}).json()
        path = f"{MESSAGES}/{said['message_id']}"
        answer = api.patch(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert api.get(path).json() == said


def test_a_message_that_is_not_there_is_404(workspace: Workspace) -> None:
    with workspace.api() as api:
        for id_ in (str(uuid.uuid4()), "x", "0" * 36, "%00", "%FF", "x" * 3000, "%F0%9F%99%82"):
            for answer in (
                api.patch(f"{MESSAGES}/{id_}", json={"message": "x"}),
                api.delete(f"{MESSAGES}/{id_}"),
                api.put(f"{MESSAGES}/{id_}/reactions/x"),
                api.delete(f"{MESSAGES}/{id_}/reactions/x"),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), id_


EMOJI = ["👍", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "#️⃣", "❤️", ":tada:", "%", "?", "+1", "x" * 32, "ü"]


@pytest.mark.parametrize("emoji", EMOJI, ids=ascii)
def test_an_emoji_comes_through_an_address_whole(module_workspace: Workspace, emoji: str) -> None:
    with module_workspace.api() as api:
        said = api.post(MESSAGES, json={"message": "cake"}).json()
        path = f"{MESSAGES}/{said['message_id']}/reactions/{quote(emoji, safe='')}"
        answer = api.put(path)
        assert (answer.status_code, answer.json().get("reactions")) == (200, [{"emoji": emoji, "count": 1}])
        assert api.delete(path).json()["reactions"] == []


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ("%00", 422),
        ("a%20b", 422),
        ("%0A", 404),
        ("%FF", 422),
        ("%F0%9F%91", 422),
        ("%ED%A0%80", 422),
        ("x" * 33, 422),
        ("x" * 10_240, 422),
        ("%EF%BF%BD", 422),
        ("%2F", 422),
        ("a%2Fb", 422),
        ("", 404),
    ],
)
def test_an_emoji_that_is_none_is_refused(module_workspace: Workspace, part: str, status: int) -> None:
    with module_workspace.api() as api:
        said = api.post(MESSAGES, json={"message": "cake"}).json()
        path = f"{MESSAGES}/{said['message_id']}"
        for answer in (api.put(f"{path}/reactions/{part}"), api.delete(f"{path}/reactions/{part}")):
            assert answer.status_code == status, answer.text
            assert answer.json()["code"] == ("invalid_field" if status == 422 else "not_found")
        assert api.get(path).json() == said


def test_edits_and_reactions_of_a_user_count_against_their_rate_and_deletions_do_not(
    new_workspace: Open,
) -> None:
    workspace = new_workspace(plan="pro")  # whose API takes more requests than a user may send
    with workspace.http(workspace.token("bob")) as bob, workspace.api() as api:
        said = bob.post(MESSAGES, json={"message": "0"}).json()
        path = f"{MESSAGES}/{said['message_id']}"
        answers = [
            answer
            for number in range(30)
            for answer in (
                bob.patch(path, json={"message": f"n{number}"}),
                bob.put(f"{path}/reactions/e{number}"),
            )
        ]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 5 < len(refused) < 40
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert 1 <= int(answer.headers["retry-after"]) <= 10
        assert api.patch(path, json={"message": "the tenant's own server"}).status_code == 200
        assert bob.delete(path).status_code == 200


async def test_sockets_hear_of_a_reaction_by_a_user_that_a_key_speaks_for(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        said = await bob.say("cake")
        with workspace.api(1) as api:
            path = f"{MESSAGES}/{said['message_id']}/reactions/x"
            api.put(path, json={"sub": "ann"}).raise_for_status()
        heard = await bob.until("reaction")
    expected = {"emoji": "x", "user_id": "ann", "on": True, "count": 1}
    assert {name: heard[name] for name in expected} == expected


def test_a_key_that_may_only_write_is_not_told_what_was_said(workspace: Workspace) -> None:
    from accounts.actions import create_api_key
    from tenants.context import run_in_tenant

    def make() -> str:
        return create_api_key("Writes only", ["messages:write"])[1]

    secret = run_in_tenant(workspace.tenant, make)
    path = "/api/v1/rooms/general/messages"
    said = {"message": "secret", "sub": "bob", "client_id": "u1"}
    with workspace.api() as api, workspace.http(secret) as writer:
        id_ = api.post(path, json=said).json()["message_id"]
        assert api.post(path, json={**said, "message": "guess"}).json()["message"] == "secret"
        for answer in (
            writer.post(path, json={**said, "message": "guess"}),
            writer.put(f"{path}/{id_}/reactions/x"),
            writer.delete(f"{path}/{id_}/reactions/x"),
        ):
            assert answer.status_code == 200, answer.text
            assert answer.json()["message_id"] == id_
            assert "secret" not in answer.text
