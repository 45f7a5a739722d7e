"""Inviting colleagues, and coming by the mail."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tests.personas import Workspace
from tests.portal.visitor import Visitor, mails_to

TEAM = "/console/team/"
LINK = re.compile(r"(http://[^/\s\"<]+)(/invite/[\w-]{43}/)")
NEW = "a snug of one's own"
JOIN = {"name": "Bea Okafor", "password": NEW}


def address(workspace: Workspace, name: str = "bea") -> str:
    return f"{name}@{workspace.slug}.example"


def invite(host: Visitor, email: str, role: str = "agent") -> httpx.Response:
    return host.post(TEAM, {"invite-email": email, "invite-role": role})


def mailed_links(workspace: Workspace, portal_url: str, email: str = "", count: int = 1) -> list[str]:
    """The paths of the links mailed to `email`, newest first."""
    with Visitor(portal_url) as reader:
        found = [LINK.search(mail) for mail in mails_to(reader, email or address(workspace), count)]
    assert {link.group(1) for link in found if link} == {workspace.origin}
    return [link.group(2) for link in found if link]


def ids_on(page: httpx.Response) -> list[str]:
    """The invitations that a page has buttons for."""
    return re.findall(r"/invitations/(inv_[0-9a-f]{16})/withdraw/", page.text)


def colleagues_on(page: httpx.Response) -> list[str]:
    """The colleagues that a page can remove."""
    return re.findall(r"/console/team/(staff%3A[0-9a-f]{12})/remove/", page.text)


def row_of(page: httpx.Response, words: str) -> str:
    """The row of a table in which these words are, as it is read."""
    rows = re.findall(r"<tr>.*?</tr>", page.text, re.DOTALL)
    [row] = [row for row in rows if words in html.unescape(row)]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split())


def desk_of(workspace: Workspace, visitor: Visitor, process: int = 0) -> dict[str, Any]:
    """How a socket of this browser opens on the hosted page."""
    cookies = "; ".join(f"{each.name}={each.value}" for each in visitor.client.cookies.jar)
    origin = f"http://{workspace.host}:{workspace.ports[process]}"
    return {"process": process, "origin": origin, "headers": {"Cookie": cookies}}


def actions_of(workspace: Workspace, *wanted: str) -> list[dict[str, Any]]:
    """What is on record of these kinds, the latest first."""
    with workspace.api() as api:
        found = api.get("/api/v1/audit", params={"limit": 100}).json()["data"]
    return [entry for entry in found if entry["action"] in wanted]
