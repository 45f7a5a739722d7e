"""One durable stack a test process, for all faults: what breaks must mend by itself, or the next test shows it."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local import Stack
from tests.faults.machine import Machine
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
    """The stack to be hurt; whole when a test begins. A test that fails shows what the web processes said."""
    fragile.wait_until_ready()
    hurt = Machine(fragile)
    yield hurt
    sys.stdout.write(hurt.said())


@pytest.fixture
def room_for_talk(machine: Machine) -> Workspace:
    """A workspace on the largest plan."""
    return machine.workspace()
