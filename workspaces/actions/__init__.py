"""The verbs of this app."""

from workspaces.actions.open_workspace import OpenedWorkspace, open_workspace
from workspaces.actions.stop_webhook import stop_webhook

__all__ = ["OpenedWorkspace", "open_workspace", "stop_webhook"]
