from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.staff import sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor


@pytest.fixture
def alice(workspace: Workspace) -> Iterator[Visitor]:
    """The owner, signed in."""
    with sign_in(workspace) as owner:
        yield owner


@pytest.fixture
def mallory(elsewhere: Workspace) -> Iterator[Visitor]:
    """The owner of another workspace, signed in over there."""
    with sign_in(elsewhere) as owner:
        yield owner
