"""A workspace in which nobody is slowed down: what is tried here is what is said, not how fast."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from ops.local import Stack
from tests.personas import Workspace, open_workspace

# Ten times that in 10 s closes a socket; no test here comes near.
UNHURRIED = {
    "messages_per_10s": 5_000,
    "connections_per_user": 50,
    "api_per_minute": 1_000_000,
    "max_rooms": 100_000,
}


def unhurried(stack: Stack) -> Workspace:
    """A new workspace with figures of its own."""
    workspace = open_workspace(tuple(stack.web_ports), plan="business")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
        query = "UPDATE public.tenants_tenant SET own_limits = %s WHERE slug = %s"
        db.execute(query, [Jsonb(UNHURRIED), workspace.slug])
    return workspace


@pytest.fixture(scope="module")
def target(stack: Stack) -> Workspace:
    """Where a module's hostile guests are let in."""
    return unhurried(stack)


@pytest.fixture
def fresh(stack: Stack) -> Workspace:
    """The same for one test alone."""
    return unhurried(stack)


@pytest.fixture(autouse=True)
def nothing_broke(stack: Stack) -> Iterator[None]:
    """No test here may make a process of ours log a fault of its own."""
    logs = sorted(stack.data_dir.logs.glob("web-?.log"))
    assert len(logs) == len(stack.web_ports)
    began = {log: log.stat().st_size for log in logs}
    yield
    for log, size in began.items():
        with log.open("rb") as file:
            file.seek(size)
            said = file.read().decode(errors="replace")
        assert "Traceback" not in said, said
