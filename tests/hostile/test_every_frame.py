"""Every command of every socket, with anything in any of its fields: answered in the words of the contract, never by
INTERNAL_ERROR, and the socket lives on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realtime.commands import BASIC, ROOM, ROOMS
from tests.hostile import commands, ledger
from tests.hostile.anything import BOUNDED, VALUES
from tests.hostile.line import Line, answered_with
from tests.personas import Workspace

PATHS = {"/ws/chat/general/": ROOM, "/ws/": ROOMS, "/ws/basic/": BASIC}
# Rooms that a socket of many rooms may name: one it has joined, one it has not, one it may not, and none at all.
NAMED = ["general", "general", "general", "lounge", "vault", "nowhere", "no room"]
EVERY_COMMAND = [(path, shape) for path, shapes in PATHS.items() for shape in shapes]


@pytest.fixture(scope="module")
def things(target: Workspace) -> dict[str, str]:
    """What the frames' marks stand for."""
    with target.api() as api:
        api.post("/api/v1/rooms", json={"name": "lounge"}).raise_for_status()
        api.post("/api/v1/rooms", json={"name": "vault", "kind": "private"}).raise_for_status()
        said = {}
        for room, mark in (("general", "<another's message>"), ("lounge", "<a message elsewhere>")):
            answer = api.post(f"/api/v1/rooms/{room}/messages", json={"message": "first", "sub": "carol"})
            said[mark] = answer.raise_for_status().json()["message_id"]
    return said


def opened(target: Workspace, path: str, things: dict[str, str]) -> tuple[Line, dict[str, str]]:
    """A line on which somebody has said two things, of which one is deleted; and what the marks stand for there."""
    line = Line(target, f"u{secrets.token_hex(4)}", path)
    if path == "/ws/basic/":
        return line, things
    room = {}
    if path == "/ws/":
        room = {"room": "general"}
        line.exchange(json.dumps({"type": "join", "ref": "in", **room}), until_ref="in")
    ids = []
    for ref in ("one", "two"):
        said = line.exchange(
            json.dumps({"type": "chat_message", "message": ref, "ref": ref, **room}), until_ref=ref
        )
        ids += [frame["message_id"] for frame in said if frame.get("ref") == ref]
    deletion = {"type": "delete_message", "message_id": ids[1], "ref": "gone", **room}
    line.exchange(json.dumps(deletion), until_ref="gone")
    own = {
        "<a message>": ids[0],
        "<a deleted message>": ids[1],
        "<A MESSAGE IN CAPITALS>": ids[0].upper(),
    }
    return line, things | own


@pytest.fixture(params=EVERY_COMMAND, ids=lambda pair: f"{pair[0]} {commands.tag_of(pair[1])}")
def tried(
    request: pytest.FixtureRequest, target: Workspace, things: dict[str, str]
) -> Iterator[tuple[Line, st.SearchStrategy[Any], dict[str, str]]]:
    path, shape = request.param
    line, there = opened(target, path, things)
    yield line, commands.frames(shape, NAMED if path == "/ws/" else []), there
    line.close()
    ledger.check(target)


def test_every_command_survives_anything_in_its_fields(
    tried: tuple[Line, st.SearchStrategy[Any], dict[str, str]],
) -> None:
    line, strategy, things = tried

    @BOUNDED
    @given(fields=strategy)
    def say(fields: dict[str, Any]) -> None:
        text = commands.filled(fields, things)
        line.exchange(text, until_ref=answered_with(text))

    say()


@pytest.fixture(params=PATHS)
def line(request: pytest.FixtureRequest, target: Workspace, things: dict[str, str]) -> Iterator[Line]:
    line, _ = opened(target, request.param, things)
    yield line
    line.close()


ANY_TEXT = st.text(max_size=120) | st.builds(json.dumps, VALUES)


@BOUNDED
@given(text=ANY_TEXT)
@example("")
@example(" ")
@example("\ufeff{}")
@example('{"type":"ping"}{"type":"ping"}')
@example('{"type":"ping"')
@example("{'type':'ping'}")
@example('{"type":"ping","type":"echo","type":"nothing"}')
@example('{"type":NaN}')
@example('{"type":"history","limit":NaN}')
@example('{"type":"read","seq":Infinity}')
@example('{"type":"read","seq":-Infinity}')
@example('{"type":"read","seq":1e999}')
@example('{"type":"read","seq":' + "9" * 5000 + "}")
@example('{"type":"read","seq":0.1e' + "9" * 5000 + "}")
@example('{"type":"chat_message","message":"\\ud800"}')
@example('{"type":"chat_message","message":"\\udc00\\ud800 tail"}')
@example('{"type":"chat_message","message":"\\u0000"}')
@example('{"type":"chat_message","message":"a\\u0000b","client_id":"\\u0000","ref":"\\u0000"}')
@example('{"type":"echo","content":"\\ud800"}')
@example('{"type":"\\ud800"}')
@example('{"\\ud800":1,"type":"ping"}')
@example('{"__proto__":{"type":"ping"},"constructor":{"prototype":{}}}')
@example("[" * 10_000)
@example("[" * 10_000 + "]" * 10_000)
@example('{"type":' * 5_000 + "1" + "}" * 5_000)
@example('{"type":"chat_message","message":' + "[" * 10_000 + "]" * 10_000 + "}")
@example('{"type":"chat_message","message":"ok","extra":' + "[" * 500 + "]" * 500 + "}")
@example('{"type":"ping","ref":' + "[" * 500 + "]" * 500 + "}")
@example('{"' + '":1,"'.join(f"k{n}" for n in range(5_000)) + '":1}')
def test_any_text_is_answered(line: Line, text: str) -> None:
    assert line.exchange(text), "an error at least"


def test_a_ref_comes_back_as_it_was(line: Line) -> None:
    texts = ["a", "\ufeff", "\u202e", "👩‍👩‍👧", "x" * 64, "'\"\\</", "__proto__"]
    for ref in (0, -1, 7, 2**53, -(2**53), *texts):
        for fields in ({"type": "ping"}, {"type": "nothing"}, {}, {"type": ""}):
            [answer] = line.exchange(json.dumps(fields | {"ref": ref}))
            assert (answer["ref"], type(answer["ref"])) == (ref, type(ref))


def test_a_ref_that_cannot_be_repeated_is_refused(line: Line) -> None:
    for ref in (True, False, 0.5, 2**53 + 1, 10**30, "", "x" * 65, "\0", "\ud800", [], [1], {}, {"a": 1}):
        for fields in ({"type": "ping"}, {"type": "chat_message", "message": "not said", "room": "general"}):
            answers = line.exchange(json.dumps(fields | {"ref": ref}))
            assert [(each["type"], "ref" in each) for each in answers] == [("error", False)]
            assert answers[0]["error"]["code"] in ("INVALID_FIELD", "INVALID_JSON", "UNKNOWN_TYPE")
