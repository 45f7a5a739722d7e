"""One node a test process: docker-compose.yml's own commands and nginx, whole when a test begins and when it ends."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.node import Node
from tests.containers.visitors import FrontedWorkspace
from tests.faults.machine import Home, Machine


@pytest.fixture(scope="session")
def running() -> Iterator[Node]:
    with tempfile.TemporaryDirectory(prefix="snug-node-", ignore_cleanup_errors=True) as folder:
        # nginx's own processes have another user, who must get through to the folder.
        Path(folder).chmod(0o755)
        node = Node(Path(folder))
        try:
            node.start()
            yield node
        finally:
            node.stop()


@pytest.fixture
def machine(running: Node) -> Iterator[Machine]:
    """What is behind nginx. A test that fails shows its logs."""
    hurt = Machine(running.stack)
    yield hurt
    sys.stdout.write(hurt.said())
    sys.stdout.write(running.front.errors())
    assert hurt.complaints() == []


@pytest.fixture
def node(running: Node, machine: Machine) -> Node:
    """The node, with all of it running: what a test that failed left lying is put up again."""
    for web in running.webs:
        if not web.runs:
            web.start()
    running.stack.wait_until_ready()
    return running


@pytest.fixture(scope="session")
def shop(running: Node) -> FrontedWorkspace:
    """A workspace on the largest plan."""
    return FrontedWorkspace.of(Machine(running.stack).workspace(), running.front)


@pytest.fixture(scope="session")
def elsewhere(running: Node) -> FrontedWorkspace:
    """Mallory's workspace."""
    return FrontedWorkspace.of(Machine(running.stack).workspace(), running.front)


@pytest.fixture
def home(node: Node, machine: Machine, shop: FrontedWorkspace) -> Home:
    """A room of the test's own."""
    return Home.made(machine, shop)
