"""What is wrong with a frame is said in sentences one can act on."""

import json
from typing import Any

import pytest

from tests.personas import Refused, Workspace


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({"type": "read"}, "The field seq is missing."),
        ({"type": "react", "on": "yes"}, "on must be true or false."),
        ({"type": "history", "limit": 0}, "limit must be a whole number of at least 1."),
        ({"type": "history", "limit": 101}, "limit must be a whole number of at most 100."),
        ({"type": "history", "after": "x"}, "after must be a whole number."),
        ({"type": "refresh_token", "token": 7}, "token must be a string."),
        (
            {"type": "refresh_token", "token": "x" * 4097},
            "token must be a string of at most 4096 characters.",
        ),
        ({"type": "dance"}, "There is no type dance."),
        ({"type": "echo"}, "echo is for /ws/basic/, not for this socket."),
        ({"type": 7}, "A type is a string."),
        ({"type": "ping", "ref": ""}, "ref: a string of 1 to 64 characters, or a whole number."),
        ({"type": "join"}, "The field room is missing."),
        ({"type": "join", "room": "a b"}, "room must be 1 to 80 letters, digits, hyphens or underscores."),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_an_error_is_a_sentence(workspace: Workspace, frame: dict[str, Any], sentence: str) -> None:
    async with workspace.chat(workspace.token("bob"), path="/ws/") as bob:
        await bob.raw(json.dumps(frame))
        assert (await bob.error())["message"] == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"type": "ping"', "This frame is not JSON."),
        ('{"type": "ping", "ref": NaN}', "This frame is not JSON."),
        ("[" * 5000, "This frame is nested too deeply."),
        ('{"type": "read", "seq": 1e400}', "A number in this frame is too large."),
        (
            '{"type": "chat_message", "message": "half \\ud83d"}',
            "message holds half a character, a lone surrogate, which nothing can store.",
        ),
    ],
    ids=["half", "NaN", "deep", "huge", "surrogate"],
)
async def test_a_frame_that_is_not_decoded_is_told_why(
    workspace: Workspace, text: str, sentence: str
) -> None:
    async with workspace.chat(workspace.token("bob"), path="/ws/") as bob:
        await bob.raw(text)
        assert (await bob.error())["message"] == sentence


SLASH = "The last slash is missing: a socket's path ends with one."


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/ws", SLASH),
        ("/ws/basic", SLASH),
        ("/ws/chat/general", SLASH),
        ("/ws/chat/a%20b/", "A room is at /ws/chat/ROOM/; its name has 1 to 80 letters, digits, - or _."),
        (
            "/ws/chats/general/",
            "There is no socket here. One room is at /ws/chat/ROOM/, many at /ws/, a check at /ws/basic/.",
        ),
        ("/ws/chat/general/?since=" + "9" * 30, "since is larger than any number of ours."),
        ("/ws/chat/general/?rev=-1", "rev must be a whole number of 0 or more."),
        ("/ws/chat/general/?since=-1", "since must be a whole number of 0 or more."),
    ],
    ids=["many", "basic", "room", "space", "nothing", "beyond", "minus rev", "minus since"],
)
async def test_a_path_that_is_refused_is_led_to_the_right_one(
    workspace: Workspace, path: str, sentence: str
) -> None:
    path, _, query = path.partition("?")
    with pytest.raises(Refused) as refused:
        await workspace.connect(workspace.token("bob"), path=path, query=query, snug=False)
    assert (refused.value.code, refused.value.body["detail"]) == (4000, sentence)
    assert len(sentence.encode()) <= 123  # what a close frame holds


@pytest.mark.parametrize(
    ("path", "kind", "sentence"),
    [
        ("/ws/chat/general/", "join", "join is for /ws/, not for this socket."),
        ("/ws/chat/general/", "leave", "leave is for /ws/, not for this socket."),
        ("/ws/chat/general/", "echo", "echo is for /ws/basic/, not for this socket."),
        ("/ws/basic/", "chat_message", "chat_message is for /ws/chat/ROOM/ and /ws/, not for this socket."),
        ("/ws/basic/", "join", "join is for /ws/, not for this socket."),
    ],
)
async def test_a_command_on_the_wrong_socket_is_led_to_the_right_one(
    workspace: Workspace, path: str, kind: str, sentence: str
) -> None:
    async with workspace.chat(workspace.token("bob"), path=path) as bob:
        await bob.send(kind)
        assert await bob.error() == {"code": "UNKNOWN_TYPE", "message": sentence}


async def test_a_bot_is_told_that_it_needs_no_new_token(workspace: Workspace) -> None:
    async with workspace.chat(workspace.secret) as bot:
        await bot.entered()
        await bot.send("refresh_token", token=workspace.token("bob"))
        assert await bot.error() == {
            "code": "FORBIDDEN",
            "message": "An API key needs no new token: its socket lasts as long as the key.",
        }
