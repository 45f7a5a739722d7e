"""A client_id is one message, for ever, wherever and however often it is sent."""

import asyncio
import secrets
from typing import Any

from tests.personas import Workspace
from tests.realtime.backstage import rows


async def test_a_repeat_after_a_reconnect_on_another_process_is_the_first_message(
    workspace: Workspace,
) -> None:
    token = workspace.token("bob")
    async with workspace.chat(token, process=0) as first:
        await first.entered()
        original = await first.say("once", client_id="same")
    async with workspace.chat(token, process=1) as second:
        await second.entered()
        assert await second.say("twice", client_id="same") == original
        assert (await second.say("next"))["seq"] == 2


async def test_sockets_and_rest_share_the_ids(workspace: Workspace) -> None:
    token = workspace.token("bob")
    async with workspace.chat(token) as bob:
        await bob.entered()
        with workspace.http(token, process=1) as web:
            by_rest = web.post("/api/v1/rooms/general/messages", json={"message": "first", "client_id": "r"})
            assert by_rest.status_code == 201
            heard = await bob.until("chat_message")
            assert heard | {"type": None} == by_rest.json() | {"type": None}
            assert (await bob.say("second", client_id="r"))["message"] == "first"

            by_socket = await bob.say("third", client_id="s")
            again = web.post("/api/v1/rooms/general/messages", json={"message": "fourth", "client_id": "s"})
            assert again.status_code == 200
            assert again.json()["message_id"] == by_socket["message_id"]


async def test_the_same_id_of_another_sender_or_in_another_room_is_another_message(
    workspace: Workspace,
) -> None:
    claims: dict[str, Any] = {"rooms": ["one", "two"]}
    async with (
        workspace.chat(workspace.token("bob", **claims), "one") as bob,
        workspace.chat(workspace.token("ann", **claims), "one", process=1) as ann,
        workspace.chat(workspace.token("bob", **claims), "two", process=1) as elsewhere,
    ):
        for socket in (bob, ann, elsewhere):
            await socket.entered()
        echoes = [await socket.say("hello", client_id="same") for socket in (bob, elsewhere)]
        await ann.send("chat_message", message="hello", client_id="same")
        echoes.append(await ann.until("chat_message", user_id="ann"))
        assert len({echo["message_id"] for echo in echoes}) == 3


async def test_repeats_at_the_same_moment_from_both_processes_are_one_message(pro: Workspace) -> None:
    token = pro.token("bob")
    async with (
        pro.chat(token, process=0) as left,
        pro.chat(token, process=1) as right,
        pro.chat(pro.token("ann")) as ann,
    ):
        for socket in (left, right, ann):
            await socket.entered()
        ids = [secrets.token_hex(4) for _ in range(15)]
        for client_id in ids:
            await asyncio.gather(
                *(
                    socket.send("chat_message", message="hello", client_id=client_id)
                    for socket in (left, right) * 2
                )
            )
        for number in range(1, len(ids) + 1):
            heard = await ann.until("chat_message")
            assert heard["seq"] == heard["rev"] == number
            assert heard["client_id"] in ids
        assert [frame for frame in await ann.quiet() if frame["type"] == "chat_message"] == []
        assert rows(pro, "SELECT count(*), max(seq) FROM rooms_message") == [(15, 15)]


async def test_an_id_is_never_free_again(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        original = await bob.say("long ago", client_id="old")
        rows(workspace, "UPDATE rooms_message SET created_at = created_at - interval '10 years'")
        assert (await bob.say("today", client_id="old"))["message_id"] == original["message_id"]


async def test_64_characters_are_an_id(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        assert (await bob.say("hello", client_id="🎈" * 64))["client_id"] == "🎈" * 64


async def test_repeats_are_not_counted_and_are_answered_past_the_rate(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        first = await bob.say("one", client_id="one")
        for _ in range(60):  # three times the rate
            assert await bob.say("one", client_id="one") == first
        for number in range(19):
            await bob.say(f"message {number}")
        await bob.send("chat_message", message="too much", client_id="more")
        error = await bob.until("error")
        assert (error["error"]["code"], error["client_id"]) == ("RATE_LIMITED", "more")
        for _ in range(250):  # ten times the rate and more, and not one of them counts
            assert await bob.say("one", client_id="one") == first
