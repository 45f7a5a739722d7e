"""A workspace as its test keys see it: whatever a test does with a Workspace, it does in test mode with this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.personas import Workspace


class InTestMode(Workspace):
    """Key, secrets and `slug` are those of the test side; its host is the live one's."""

    @property
    def tenant(self) -> Any:
        from tenants import directory

        directory.forget()
        live = directory.find(self.host)
        return live.test_side if live else None


def in_test_mode(
    workspace: Workspace, scopes: Sequence[str] = ("admin",), name: str = "Test key"
) -> InTestMode:
    """With a new test key."""
    from workspaces.actions import make_test_key, take_test_secret

    key = make_test_key(workspace.tenant, name, scopes)
    secrets = take_test_secret(workspace.tenant, key.id)
    assert secrets is not None
    of_key = {"key_id": key.id, "secret": secrets[0], "signing_secret": secrets[1]}
    return InTestMode(**{**vars(workspace), **of_key, "slug": f"{workspace.tenant.id}.test"})
