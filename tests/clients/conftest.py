"""Workspaces as the client libraries meet them: by their address."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from snug import Snug

from tests.personas import Workspace


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names below localhost lead to this machine, as in a browser; not every system's resolver knows that."""
    look_up = socket.getaddrinfo

    def found(host: Any, *rest: Any, **options: Any) -> Any:
        local = isinstance(host, str) and host.endswith(".localhost")
        return look_up("127.0.0.1" if local else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture
def snug(resolving: None, workspace: Workspace) -> Snug:
    """The Python client with the workspace's first key."""
    return Snug(
        workspace.origin,
        workspace.secret,
        key_id=workspace.key_id,
        signing_secret=workspace.signing_secret,
    )
