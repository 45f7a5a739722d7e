"""The verbs of this app."""

from workspaces.actions.change_guests import change_guests
from workspaces.actions.change_origins import change_origins
from workspaces.actions.demolish import demolish
from workspaces.actions.open_workspace import OpenedWorkspace, open_workspace
from workspaces.actions.stop_webhook import stop_webhook
from workspaces.actions.team import invite_colleague, invite_colleague_again, join_team, remove_colleague
from workspaces.actions.testmode import (
    NoTestMode,
    ResetTooOften,
    keys_of_test_mode,
    make_test_key,
    reset_test_mode,
    revoke_test_key,
    take_test_secret,
)

__all__ = [
    "NoTestMode",
    "OpenedWorkspace",
    "ResetTooOften",
    "change_guests",
    "change_origins",
    "demolish",
    "invite_colleague",
    "invite_colleague_again",
    "join_team",
    "keys_of_test_mode",
    "make_test_key",
    "open_workspace",
    "remove_colleague",
    "reset_test_mode",
    "revoke_test_key",
    "stop_webhook",
    "take_test_secret",
]
