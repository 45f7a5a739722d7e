"""Whatever text a client sends, it is answered, and never by INTERNAL_ERROR or by a dropped socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.personas import Chat, Workspace

# Lone surrogates included: json.dumps escapes them, and so they travel.
TEXTS = st.text(st.characters(codec=None), max_size=80)
NUMBERS = st.integers() | st.floats() | st.integers(min_value=10**18, max_value=10**300)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
TYPES = ["chat_message", "typing", "history", "refresh_token", "ping", "echo", "edit_message", "", None, 1]
FIELDS = ["message", "client_id", "reply_to", "is_typing", "before", "after", "limit", "token", "room", "ref"]
COMMANDS = st.builds(
    lambda type_, fields: json.dumps({"type": type_, **fields}),
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(FIELDS), VALUES | st.integers(0, 100), max_size=4),
)
FRAMES = COMMANDS | st.builds(json.dumps, VALUES) | st.text(max_size=200)


class Line:
    """One open socket that stays open over all examples, with the loop that it lives in."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self.runner = asyncio.Runner()
        self.chat: Chat = self.runner.run(workspace.connect(workspace.token("bob"), path=path))
        self.exchange("{}")

    def exchange(self, text: str) -> list[dict[str, Any]]:
        """Everything that comes before the answer to a frame of no known type sent right after."""

        async def talk() -> list[dict[str, Any]]:
            await self.chat.raw(text)
            await self.chat.send("that is all")
            frames = []
            while "that is all" not in (frame := await self.chat.next()).get("message", ""):
                frames.append(frame)
            return frames

        return self.runner.run(talk())


@pytest.fixture(params=["/ws/chat/general/", "/ws/basic/"])
def line(business: Workspace, request: pytest.FixtureRequest) -> Iterator[Line]:
    line = Line(business, request.param)
    yield line
    line.runner.run(line.chat.close())
    line.runner.close()


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(frame=FRAMES)
def test_any_text_is_answered_and_the_socket_lives_on(line: Line, frame: str) -> None:
    for answer in line.exchange(frame):
        if answer["type"] == "error":
            assert answer["error"]["code"] != "INTERNAL_ERROR", (frame, answer)
