from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.personas import Workspace
from tests.webhooks.receiver import Receiver, receiving

Hook = Callable[..., dict[str, Any]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Alice's own server."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook(workspace: Workspace, receiver: Receiver) -> Hook:
    """Makes a webhook of Alice's workspace, and waits until every process writes for it: `hook("message.*")`."""

    def make(*events: str) -> dict[str, Any]:
        return hooked(workspace, receiver.url, *events)

    return make


def hooked(workspace: Workspace, url: str, *events: str) -> dict[str, Any]:
    with workspace.api() as alice:
        made = alice.post("/api/v1/webhooks", json={"url": url, "events": list(events or ("*",))})
        assert made.status_code == 201, made.text
    # What the directory of a web process knows is two seconds old at most.
    time.sleep(2.1)
    found: dict[str, Any] = made.json()
    return found
