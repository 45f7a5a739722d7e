"""One durable stack a test process, for all faults: what breaks must mend by itself, or the next test shows it."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local import Stack
from tests.faults.machine import Home, Machine
from tests.personas import Workspace


@pytest.fixture(scope="session")
def fragile() -> Iterator[Stack]:
    """Two web processes, a worker, and storage that survives a power cut (fsync on)."""
    with tempfile.TemporaryDirectory(prefix="snug-faults-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder) / "data", web_workers=2, separate_web_ports=True, fast=False)
        with stack:
            yield stack


@pytest.fixture
def machine(fragile: Stack) -> Iterator[Machine]:
    """The stack to be hurt: whole when a test begins, and again when it ends. A test that fails shows its logs."""
    fragile.wait_until_ready()
    hurt = Machine(fragile)
    yield hurt
    fragile.wait_until_ready()
    sys.stdout.write(hurt.said())
    assert hurt.complaints() == []


@pytest.fixture(scope="session")
def shared_workspace(fragile: Stack) -> Workspace:
    return Machine(fragile).workspace()


@pytest.fixture
def home(machine: Machine, shared_workspace: Workspace) -> Home:
    """A room of the test's own, in a workspace on the largest plan."""
    return Home.made(machine, shared_workspace)
