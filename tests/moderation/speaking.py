"""People who say things in a workspace, and rules that are in force on both of its web processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.personas import Workspace

MESSAGES = "/api/v1/rooms/general/messages"
REFUSED = (403, "message_refused")
PROCESSES = (0, 1)


def say(workspace: Workspace, text: str, sub: str = "bob", process: int = 0, **fields: Any) -> httpx.Response:
    """What a user's own token is answered."""
    with workspace.http(workspace.token(sub), process) as client:
        return client.post(fields.pop("path", MESSAGES), json={"message": text, **fields})


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def add_filter(
    workspace: Workspace, pattern: str, action: str = "refuse", kind: str = "word"
) -> dict[str, Any]:
    """A filter, as soon as both processes go by it."""
    with workspace.api() as api:
        made = api.post("/api/v1/filters", json={"kind": kind, "pattern": pattern, "action": action})
        assert made.status_code == 201, made.text
    in_force(workspace)
    found: dict[str, Any] = made.json()
    return found


def in_force(workspace: Workspace) -> None:
    """Until both processes know the rules as they are now: a filter made last is the last that a process learns of."""
    probe = f"probe{time.monotonic_ns()}"
    with workspace.api() as api:
        made = api.post("/api/v1/filters", json={"kind": "word", "pattern": probe, "action": "refuse"})
        assert made.status_code == 201, made.text
        for process in PROCESSES:
            until_answered(workspace, probe, 403, sub="probe", process=process)
        api.delete(f"/api/v1/filters/{made.json()['id']}").raise_for_status()


def until_answered(workspace: Workspace, text: str, status: int, **how: Any) -> None:
    """Until a process that may not have heard of a change yet goes by it."""
    until(lambda: say(workspace, text, **how).status_code == status, pause=0.2)


def until(holds: Callable[[], bool], seconds: float = 15, pause: float = 0.05) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(pause)
