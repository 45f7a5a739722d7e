"""Messages over REST, and that sockets cannot tell them from their own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from accounts.actions import create_api_key
from accounts.models import Member
from tenants.context import run_in_tenant
from tests.personas import Workspace
from tests.threads import giving_back

Open = Callable[..., Workspace]
PATH = "/api/v1/rooms/general/messages"


def without_place(frame: dict[str, Any]) -> dict[str, Any]:
    """A message but for what is different with every message."""
    return {
        name: value for name, value in frame.items() if name not in ("message_id", "seq", "rev", "timestamp")
    }


async def test_a_message_posted_here_reaches_sockets_exactly_as_one_of_theirs(workspace: Workspace) -> None:
    bob = workspace.token("bob", name="Bob")
    async with workspace.chat(bob) as own, workspace.chat(workspace.token("ann"), process=1) as other:
        await own.entered()
        await other.entered()
        by_socket = await own.say("hello", client_id="one")
        assert await other.until("chat_message") == by_socket

        with workspace.api(1) as server, workspace.http(bob) as user:
            posted = server.post(
                PATH,
                json={
                    "message": " hello ",
                    "sub": "bob",
                    "client_id": "two",
                    "reply_to": by_socket["message_id"],
                },
            )
            by_user = user.post(PATH, json={"message": "hello", "client_id": "three"})
        for answer, seq in ((posted, 2), (by_user, 3)):
            assert answer.status_code == 201, answer.text
            heard = await own.until("chat_message")
            assert await other.until("chat_message") == heard
            assert heard == {"type": "chat_message", **answer.json()}
            assert (heard["seq"], heard["rev"]) == (seq, seq)

        expected = without_place(by_socket)
        assert without_place(by_user.json() | {"type": "chat_message"}) == expected | {"client_id": "three"}
        assert without_place(posted.json() | {"type": "chat_message"}) == expected | {
            "client_id": "two",
            "reply_to": by_socket["message_id"],
        }


async def test_a_key_speaks_as_its_bot(workspace: Workspace) -> None:
    key, secret, _ = await _in(workspace, create_api_key, "Order robot", ["messages:write"])
    async with workspace.chat(workspace.token("bob")) as socket:
        await socket.entered()
        with workspace.http(secret) as robot:
            said = robot.post(PATH, json={"message": "shipped"}).json()
        assert (said["user_id"], said["username"]) == (f"bot:{key.id}", "Order robot")
        assert await socket.until("chat_message") == {"type": "chat_message", **said}
        frames = await socket.quiet(0.2)
        assert [frame for frame in frames if frame["type"] in ("user_joined", "presence")] == []


def test_a_speaker_is_made_when_unknown_and_becomes_a_member(workspace: Workspace) -> None:
    with workspace.api() as client:
        said = client.post(PATH, json={"message": "hi", "sub": "newcomer"})
        assert (said.status_code, said.json()["user_id"], said.json()["username"]) == (
            201,
            "newcomer",
            "newcomer",
        )
        assert client.get("/api/v1/rooms/general/members/newcomer").status_code == 200


@pytest.mark.parametrize("kind", ["private", "direct", "support"])
def test_a_speaker_must_be_a_member_where_the_room_needs_it(workspace: Workspace, kind: str) -> None:
    path = "/api/v1/rooms/vault/messages"
    with workspace.api() as client:
        client.post("/api/v1/rooms", json={"name": "vault", "kind": kind})
        refused = client.post(path, json={"message": "hi", "sub": "bob"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert client.get("/api/v1/rooms/vault").json()["last_seq"] == 0
        client.put("/api/v1/rooms/vault/members/bob")
        assert client.post(path, json={"message": "hi", "sub": "bob"}).status_code == 201
        assert client.post(path, json={"message": "a bot may"}).status_code == 201
        with (
            workspace.http(workspace.token("charlie")) as charlie,
            workspace.http(workspace.token("bob")) as bob,
        ):
            for who, said, read in ((bob, 201, 200), (charlie, 403, 403)):
                assert who.post(path, json={"message": "x"}).status_code == said
                assert who.get(path).status_code == read


def test_a_message_to_a_room_that_is_not_there_makes_nobody(workspace: Workspace) -> None:
    with workspace.api() as client:
        answer = client.post("/api/v1/rooms/nowhere/messages", json={"message": "hi", "sub": "ghost"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not run_in_tenant(workspace.tenant, Member.objects.filter(external_id="ghost").exists)


def test_a_user_speaks_for_themselves_alone(workspace: Workspace) -> None:
    with workspace.http(workspace.token("bob")) as bob:
        for sub in ("ann", "bob", ""):
            answer = bob.post(PATH, json={"message": "hi", "sub": sub})
            assert (answer.status_code, answer.json()["code"]) == (403, "sub_not_allowed")
        assert bob.post(PATH, json={"message": "hi", "sub": None}).json()["user_id"] == "bob"


async def test_a_repeat_is_answered_with_the_first_message_over_both_ways(workspace: Workspace) -> None:
    bob = workspace.token("bob")
    async with workspace.chat(bob) as socket:
        await socket.entered()
        first = await socket.say("once", client_id="same")
        with workspace.http(bob) as user, workspace.api(1) as server:
            for client, more in ((user, {}), (server, {"sub": "bob"})):
                again = client.post(PATH, json={"message": "twice", "client_id": "same", **more})
                assert again.status_code == 200
                assert {"type": "chat_message", **again.json()} == first

            posted = user.post(PATH, json={"message": "by REST", "client_id": "other"})
            assert posted.status_code == 201
            assert await socket.until("chat_message") == {"type": "chat_message", **posted.json()}
            assert await socket.say("and again", client_id="other") == {
                "type": "chat_message",
                **posted.json(),
            }

            # Another speaker's client_id is another's.
            assert (
                server.post(PATH, json={"message": "mine", "client_id": "same", "sub": "ann"}).status_code
                == 201
            )
            assert server.post(PATH, json={"message": "mine", "client_id": "same"}).status_code == 201
            listed = user.get(PATH).json()["data"]
        assert [message["seq"] for message in listed] == [4, 3, 2, 1]
        assert sorted(message["message"] for message in listed) == ["by REST", "mine", "mine", "once"]


def test_repeats_at_once_make_one_message(workspace: Workspace) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def post(process: int) -> tuple[int, str]:
        with workspace.api(process % 2) as client:
            answer = client.post(PATH, json={"message": f"try {process}", "client_id": "same", "sub": "bob"})
        return answer.status_code, answer.json()["message_id"]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(post, range(12)))
    assert sorted(status for status, _ in answers) == [200] * 11 + [201]
    assert len({message_id for _, message_id in answers}) == 1


def test_a_message_is_read_alone_and_in_the_list_alike(workspace: Workspace) -> None:
    with workspace.api() as client:
        said = client.post(PATH, json={"message": "🙂 ünï\ncödé", "sub": "bob"}).json()
        assert client.get(f"{PATH}/{said['message_id']}").json() == said
        assert client.get(PATH).json() == {"data": [said], "next": None}
        client.post("/api/v1/rooms", json={"name": "kitchen"})
        assert client.get(f"/api/v1/rooms/kitchen/messages/{said['message_id']}").status_code == 404
        for unknown in (str(uuid.uuid4()), "x", "1", "0" * 32, "x" * 3000, "%00", "%F0%9F%99%82"):
            answer = client.get(f"{PATH}/{unknown}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), unknown


BAD_MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({}, "empty_message"),
    ({"message": None}, "empty_message"),
    ({"message": ""}, "empty_message"),
    ({"message": " \n\t "}, "empty_message"),
    ({"message": 5}, "invalid_field"),
    ({"message": True}, "invalid_field"),
    ({"message": ["hi"]}, "invalid_field"),
    ({"message": {"text": "hi"}}, "invalid_field"),
    ({"message": "a\x00b"}, "invalid_field"),
    ({"message": "a\ud800b"}, "invalid_field"),
    ({"message": "m" * 1001}, "message_too_long"),
    ({"message": "hi", "client_id": ""}, "invalid_field"),
    ({"message": "hi", "client_id": "c" * 65}, "invalid_field"),
    ({"message": "hi", "client_id": 5}, "invalid_field"),
    ({"message": "hi", "client_id": "c\x00"}, "invalid_field"),
    ({"message": "hi", "client_id": "c\ud800"}, "invalid_field"),
    ({"message": "hi", "reply_to": "x"}, "invalid_field"),
    ({"message": "hi", "reply_to": 5}, "invalid_field"),
    ({"message": "hi", "sub": ""}, "invalid_field"),
    ({"message": "hi", "sub": 5}, "invalid_field"),
    ({"message": "hi", "sub": "a/b"}, "invalid_field"),
    ({"message": "hi", "sub": "guest:0123456789abcdef"}, "invalid_field"),
    ({"message": "hi", "sub": "bot:key_0123456789abcdef"}, "invalid_field"),
    ({"message": "hi", "sub": "u\ud800"}, "invalid_field"),
]


@pytest.mark.parametrize(("body", "code"), BAD_MESSAGES, ids=[repr(body)[:50] for body, _ in BAD_MESSAGES])
def test_a_bad_message_is_422_and_takes_no_place(
    workspace: Workspace, body: dict[str, Any], code: str
) -> None:
    import json

    with workspace.api() as client:
        answer = client.post(PATH, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        said = client.post(PATH, json={"message": "m" * 1000})  # as long as the plan allows
        assert (said.status_code, said.json()["seq"]) == (201, 1)


@pytest.mark.parametrize(("plan", "longest"), [("free", 1_000), ("pro", 2_000), ("business", 10_000)])
def test_length_is_counted_in_code_points_after_trimming(
    new_workspace: Open, plan: str, longest: int
) -> None:
    with new_workspace(plan=plan).api() as client:
        assert client.post(PATH, json={"message": " " + "🙂" * longest + "\n"}).status_code == 201
        refused = client.post(PATH, json={"message": "🙂" * (longest + 1)})
    assert (refused.status_code, refused.json()["code"]) == (422, "message_too_long")


async def _in(workspace: Workspace, work: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(giving_back(lambda: run_in_tenant(workspace.tenant, work, *args)))
