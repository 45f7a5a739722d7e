"""How the tests themselves tell what they met."""

from __future__ import annotations

import json
from pathlib import Path

from ops.local import Stack
from tests import health


def test_whatever_a_failing_test_says_gets_through(stack: Stack) -> None:
    said = {"longrepr": [("half \udc80", 1), None], "\ud800": 2.5}
    told = health.sendable(said)
    assert json.dumps(told, ensure_ascii=False).encode()
    assert told == {"longrepr": [("half \\udc80", 1), None], "\\ud800": 2.5}


def test_nothing_is_wrong_with_a_stack_that_serves(stack: Stack) -> None:
    assert health.wrong_with(stack) is None


def test_a_stack_that_does_not_serve_is_told_of(tmp_path: Path) -> None:
    silent = Stack(tmp_path / "data", web_workers=1, worker=False)
    silent.open()
    try:
        assert "does not serve any more" in (health.wrong_with(silent, patience=0.1) or "")
    finally:
        silent.stop()
