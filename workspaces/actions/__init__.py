"""The verbs of this app."""

from workspaces.actions.change_origins import change_origins
from workspaces.actions.open_workspace import OpenedWorkspace, open_workspace

__all__ = ["OpenedWorkspace", "change_origins", "open_workspace"]
