"""The verbs of this app."""

from workspaces.actions.change_origins import change_origins
from workspaces.actions.open_workspace import OpenedWorkspace, open_workspace
from workspaces.actions.stop_webhook import stop_webhook

__all__ = ["OpenedWorkspace", "change_origins", "open_workspace", "stop_webhook"]
