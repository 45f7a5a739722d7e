"""The verbs of this app."""

from workspaces.actions.open_workspace import OpenedWorkspace, open_workspace

__all__ = ["OpenedWorkspace", "open_workspace"]
