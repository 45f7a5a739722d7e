"""Saying something: what is accepted, what is refused, and how."""

import json
from typing import Any

import pytest

from tests.personas import Workspace
from tests.realtime.test_entry import STAMP

BALLOON = "🎈"  # one code point, two UTF-16 units, four bytes


async def test_the_echo_is_the_message_as_everyone_gets_it(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob", name="Bob")) as bob:
        await bob.entered()
        await bob.send("chat_message", message="  hello\n", client_id="c-1")
        echo = await bob.next()

        assert STAMP.fullmatch(echo.pop("timestamp"))
        assert 1 <= len(echo.pop("message_id")) <= 40
        assert echo == {
            "type": "chat_message",
            "seq": 1,
            "rev": 1,
            "room": "general",
            "message": "hello",
            "user_id": "bob",
            "username": "Bob",
            "client_id": "c-1",
            "reactions": [],
        }


async def test_a_message_without_client_id_has_none(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.send("chat_message", message="hello")
        assert "client_id" not in await bob.next()


async def test_length_is_counted_in_code_points_after_trimming(workspace: Workspace, pro: Workspace) -> None:
    for plan, longest in ((workspace, 1000), (pro, 2000)):
        async with plan.chat(plan.token("bob")) as bob:
            await bob.entered()
            echo = await bob.say(f" {BALLOON * longest}\t")
            assert echo["message"] == BALLOON * longest

            await bob.send("chat_message", message=BALLOON * (longest + 1), client_id="long")
            frame = await bob.next()
            assert frame["error"]["code"] == "MESSAGE_TOO_LONG"
            assert frame["client_id"] == "long"
            assert f"{longest:,}" in frame["message"]


async def test_the_longest_message_of_the_largest_plan_passes(business: Workspace) -> None:
    async with business.chat(business.token("bob")) as bob:
        await bob.entered()
        text = json.dumps({"type": "chat_message", "message": BALLOON * 10_000}, ensure_ascii=False)
        await bob.raw(text)
        assert len((await bob.until("chat_message"))["message"]) == 10_000


def chat(**fields: Any) -> str:
    return json.dumps({"type": "chat_message", **fields})


REFUSED = {
    "no message": (chat(client_id="c"), "EMPTY_MESSAGE"),
    "null": (chat(message=None, client_id="c"), "EMPTY_MESSAGE"),
    "empty": (chat(message="", client_id="c"), "EMPTY_MESSAGE"),
    "blank": (chat(message=" \n\t\u2003", client_id="c"), "EMPTY_MESSAGE"),
    "a number": (chat(message=7, client_id="c"), "INVALID_FIELD"),
    "a boolean": (chat(message=False, client_id="c"), "INVALID_FIELD"),
    "a list": (chat(message=["hello"], client_id="c"), "INVALID_FIELD"),
    "an object": (chat(message={"text": "hello"}, client_id="c"), "INVALID_FIELD"),
    "NUL": (chat(message="a\x00b", client_id="c"), "INVALID_FIELD"),
    "a lone surrogate": (chat(message="half \ud83d", client_id="c"), "INVALID_FIELD"),
    "a lone surrogate deep down": (chat(message=["\udfff"], client_id="c"), "INVALID_FIELD"),
    "a lone surrogate in a name": (
        '{"type":"chat_message","message":"a","client_id":"c","\\ud83d":1}',
        "INVALID_FIELD",
    ),
    "an unknown reply_to": (
        chat(message="hello", reply_to="00000000-0000-4000-8000-000000000000", client_id="c"),
        "INVALID_FIELD",
    ),
    "a reply_to that is no id": (chat(message="hello", reply_to="x" * 5000, client_id="c"), "INVALID_FIELD"),
    "a number as reply_to": (chat(message="hello", reply_to=1, client_id="c"), "INVALID_FIELD"),
}
REFUSED_FOR_ITS_CLIENT_ID = {"NUL": (chat(message="hello", client_id="\x00"), "INVALID_FIELD")}
REFUSED_WITHOUT_CLIENT_ID = {
    "an empty client_id": (chat(message="hello", client_id=""), "INVALID_FIELD"),
    "65 characters of client_id": (chat(message="hello", client_id="c" * 65), "INVALID_FIELD"),
    "a number as client_id": (chat(message="hello", client_id=1), "INVALID_FIELD"),
    "a lone surrogate in client_id": (chat(message="hello", client_id="\udfff"), "INVALID_FIELD"),
    "deep nesting": (
        '{"type":"chat_message","message":' + "[" * 30_000 + "]" * 30_000 + "}",
        ("INVALID_FIELD", "INVALID_JSON"),
    ),
    "a huge number": (
        '{"type":"chat_message","message":' + "9" * 60_000 + "}",
        ("INVALID_FIELD", "INVALID_JSON"),
    ),
    "a number beyond floats": (
        '{"type":"chat_message","message":1e999999}',
        ("INVALID_FIELD", "INVALID_JSON"),
    ),
    "no JSON": ("hello", "INVALID_JSON"),
    "half of it": ('{"type":"chat_mess', "INVALID_JSON"),
    "nothing": ("", "INVALID_JSON"),
    "NaN": ('{"type":"chat_message","message":NaN}', "INVALID_JSON"),
    "a list for a frame": ("[1]", "INVALID_FRAME"),
    "a string for a frame": ('"ping"', "INVALID_FRAME"),
    "null for a frame": ("null", "INVALID_FRAME"),
    "no type": ('{"message":"hello"}', "MISSING_TYPE"),
    "an empty type": ('{"type":""}', "MISSING_TYPE"),
    "null for a type": ('{"type":null}', "MISSING_TYPE"),
    "an unknown type": ('{"type":"shout"}', "UNKNOWN_TYPE"),
    "a number for a type": ('{"type":1}', "UNKNOWN_TYPE"),
    "the name of a method": ('{"type":"__class__"}', "UNKNOWN_TYPE"),
    "typing as text": ('{"type":"typing","is_typing":"yes"}', "INVALID_FIELD"),
    "history of everything": ('{"type":"history","limit":101}', "INVALID_FIELD"),
    "history of nothing": ('{"type":"history","limit":0}', "INVALID_FIELD"),
    "history before a word": ('{"type":"history","before":"now"}', "INVALID_FIELD"),
    "history before minus one": ('{"type":"history","before":-1}', "INVALID_FIELD"),
    "history both ways": ('{"type":"history","before":5,"after":1}', "INVALID_FIELD"),
    "history after a huge number": ('{"type":"history","after":' + "9" * 400 + "}", ("INVALID_FIELD", "INVALID_JSON")),
    "a token that is a number": ('{"type":"refresh_token","token":1}', "INVALID_FIELD"),
    "a token over 4 KiB": ('{"type":"refresh_token","token":"' + "x" * 5000 + '"}', "INVALID_FIELD"),
    "a token that is none": ('{"type":"refresh_token","token":"x"}', "FORBIDDEN"),
}  # fmt: skip


async def test_what_is_refused_is_an_error_and_the_socket_lives_on(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        tables = (REFUSED, "c"), (REFUSED_FOR_ITS_CLIENT_ID, "\x00"), (REFUSED_WITHOUT_CLIENT_ID, None)
        for frames, client_id in tables:
            for name, (text, code) in frames.items():
                await bob.raw(text)
                error = await bob.next()
                assert error["type"] == "error", name
                assert error["error"]["code"] in (code if isinstance(code, tuple) else (code,)), (name, error)
                assert error["message"] == error["error"]["message"], name
                assert error.get("client_id") == client_id, name
                assert "retry_after" not in error, name

        assert (await bob.say("still here"))["seq"] == 1  # nothing of all that was numbered


@pytest.mark.parametrize("text", ['"half \\ud83d"', "1e400", "9" * 5000], ids=["half", "float", "whole"])
async def test_what_cannot_be_held_is_refused_to_whoever_waits_for_it(
    workspace: Workspace, text: str
) -> None:
    async with workspace.chat(workspace.token("bob"), path="/ws/") as bob:
        await bob.next()
        await bob.send("join", room="general")
        await bob.entered()
        for command in ("chat_message", "edit_message"):
            asked = '{"type":"%s","room":"general","client_id":"c","ref":"r","message_id":"m","message":%s}'
            await bob.raw(asked % (command, text))
            frame = await bob.until("error")
            said = [frame["error"]["code"], *(frame.get(name) for name in ("client_id", "ref", "room"))]
            assert said == ["INVALID_FIELD", "c", "r", "general"]


async def test_an_answer_names_the_message_it_answers(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        question = await bob.say("shall we?")
        await ann.until("chat_message")
        await ann.say("we shall", reply_to=question["message_id"])
        assert (await bob.until("chat_message"))["reply_to"] == question["message_id"]


async def test_a_message_of_another_room_cannot_be_answered(workspace: Workspace) -> None:
    token = workspace.token("bob", rooms=["one", "two"])
    async with workspace.chat(token, "one") as one, workspace.chat(token, "two") as two:
        await one.entered()
        await two.entered()
        first = await one.say("in one")
        await two.send("chat_message", message="hello", reply_to=first["message_id"])
        assert (await two.error())["code"] == "INVALID_FIELD"


async def test_an_archived_room_takes_no_messages(workspace: Workspace) -> None:
    from tests.realtime.backstage import rows

    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.say("once", client_id="known")
        rows(workspace, "UPDATE rooms_room SET archived_at = now() WHERE name = 'general'")
        await bob.send("chat_message", message="hello", client_id="c")
        error = await bob.until("error")
        assert (error["error"]["code"], error["client_id"]) == ("ROOM_ARCHIVED", "c")
        assert (await bob.say("again", client_id="known"))["message"] == "once"


@pytest.mark.parametrize("snug", [True, False])
async def test_a_frame_over_64_kib_closes_the_socket(workspace: Workspace, snug: bool) -> None:
    async with workspace.chat(workspace.token("bob"), snug=snug) as bob:
        await bob.entered()
        head = '{"type":"ping","pad":"'
        await bob.raw(head + "x" * (65536 - len(head) - 2) + '"}')
        assert (await bob.next())["type"] == "pong"
        await bob.raw(head + "x" * (65536 - len(head) - 1) + '"}')
        assert await bob.closed() == 1009


async def test_a_binary_frame_closes_the_socket(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.raw(b'{"type":"ping"}')
        assert await bob.closed() == 1003
