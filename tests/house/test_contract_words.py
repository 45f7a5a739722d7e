"""Every word of the socket contract is named by a test that hears it, or says it, over a socket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from realtime import commands, events
from realtime.events import CloseCode, ErrorCode

TESTS = Path(__file__).resolve().parents[1]
# Where tests speak to a running product. What they share, a table of all words among it, is no test.
ROOMS = ("realtime", "faults", "hostile", "isolation", "browser")


def tags_of(module: object) -> set[str]:
    """The `type` of every frame that a module defines."""
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Struct)]
    return {str(kind.__struct_config__.tag) for kind in kinds if kind.__struct_config__.tag}


def texts() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((TESTS / room).glob("test_*.py")):
            yield path.read_text()


def said(word: str) -> bool:
    """Whether some test has this word in quotes, or hears it by the name of a `Chat` method."""
    return any(re.search(rf"""["']{re.escape(word)}["']""", text) for text in texts())


def closed_with(code: CloseCode) -> bool:
    """Whether some test names this close code, by number or by name."""
    return any(re.search(rf"\b{int(code)}\b|\bCloseCode\.{code.name}\b", text) for text in texts())


@pytest.mark.parametrize("word", sorted(tags_of(events)))
def test_every_frame_that_we_send_is_named_in_a_test(word: str) -> None:
    assert said(word)


@pytest.mark.parametrize("word", sorted(tags_of(commands)))
def test_every_command_is_named_in_a_test(word: str) -> None:
    assert said(word)


@pytest.mark.parametrize("code", sorted(ErrorCode))
def test_every_error_code_is_named_in_a_test(code: str) -> None:
    assert said(code)


@pytest.mark.parametrize("code", sorted(CloseCode), ids=lambda code: str(int(code)))
def test_every_close_code_is_named_in_a_test(code: CloseCode) -> None:
    assert closed_with(code)


def test_a_word_that_nobody_says_is_not_found() -> None:
    assert {"chat_message", "presence", "unread", "left"} <= tags_of(events)
    assert {"chat_message", "react", "leave", "echo"} <= tags_of(commands)
    assert not said("_".join(("no", "such", "word")))
    assert said("chat_message")
