from __future__ import annotations

import pytest

from ops.local import Stack
from tests.personas import Workspace, open_workspace


@pytest.fixture(scope="module")
def module_workspace(stack: Stack) -> Workspace:
    """A workspace for a module's tests that only look."""
    return open_workspace(tuple(stack.web_ports), plan="business")
