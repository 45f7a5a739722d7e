"""The demo workspaces that bin/dev makes and tells of."""

import json
from http.client import HTTPConnection, HTTPException
from typing import TypedDict, cast
from urllib.parse import urlsplit

from ops.local.fingerprint import DEMO, fingerprint
from ops.local.network import LOOPBACK
from ops.local.stack import Stack


class Workspace(TypedDict):
    """One entry of what `manage.py seed_demo --json` prints."""

    slug: str
    name: str
    plan: str
    url: str
    owner_email: str
    owner_password: str


def known(stack: Stack) -> list[Workspace] | None:
    """Those of an earlier start; None when the files that they are made from changed, or the port did."""
    remembered = stack.data_dir.remembered("demo") or {}
    if not stack.embeds_database or remembered.get("made_from") != _made_from(stack):
        return None
    return cast(list[Workspace], remembered["workspaces"])


def make(stack: Stack) -> list[Workspace]:
    """Make the ones that are missing."""
    made = cast(list[Workspace], json.loads(stack.manage("seed_demo", "--json")))
    stack.data_dir.remember(demo={"made_from": _made_from(stack), "workspaces": made})
    return made


def all_there(stack: Stack, workspaces: list[Workspace]) -> bool:
    """Whether the running product knows their hosts: somebody may have deleted one meanwhile."""
    return all(_is_there(stack, workspace) for workspace in workspaces)


def _made_from(stack: Stack) -> str:
    return f"{fingerprint(DEMO)} on port {stack.web_port}"


def _is_there(stack: Stack, workspace: Workspace) -> bool:
    connection = HTTPConnection(LOOPBACK, stack.web_port, timeout=30)
    try:
        connection.request("GET", "/login/", headers={"Host": urlsplit(workspace["url"]).netloc})
        return connection.getresponse().status != 404
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
