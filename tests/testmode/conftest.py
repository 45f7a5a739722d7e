from __future__ import annotations

import pytest

from tests.personas import Workspace
from tests.testmode.persona import InTestMode, in_test_mode


@pytest.fixture
def trial(workspace: Workspace) -> InTestMode:
    """Alice's workspace in test mode."""
    return in_test_mode(workspace)
