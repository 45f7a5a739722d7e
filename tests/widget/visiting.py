"""Visiting the chat page, and what happens in its workspace meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.personas import Workspace

OpenPage = Callable[..., Page]


def post(
    workspace: Workspace, text: str, sub: str = "ann", name: str | None = None, room: str = "general"
) -> dict[str, Any]:
    with workspace.api() as api:
        if name:
            assert api.put(f"/api/v1/users/{sub}", json={"name": name}).status_code < 500
        answer = api.post(f"/api/v1/rooms/{room}/messages", json={"message": text, "sub": sub})
        assert answer.status_code == 201, answer.text
        message: dict[str, Any] = answer.json()
        return message


def chat(workspace: Workspace, token: str = "", query: str = "") -> str:
    return f"{workspace.origin}/chat/{query}{'#token=' + token if token else ''}"


def enter(page: Page) -> Page:
    """Wait until the room is there, with messages or without."""
    expect(page.locator("#beginning")).to_be_visible()
    return page


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def make_room(workspace: Workspace, name: str, **more: str) -> None:
    with workspace.api() as api:
        assert api.post("/api/v1/rooms", json={"name": name, **more}).status_code == 201


def join(
    open_page: OpenPage, workspace: Workspace, sub: str, name: str, room: str = "general", **options: Any
) -> Page:
    """A page of somebody who has come in."""
    query = "" if room == "general" else f"?room={room}"
    return enter(open_page(chat(workspace, workspace.token(sub, name=name), query), **options))


def message(page: Page, text: str) -> Locator:
    return page.locator(".message", has=page.locator(".bubble", has_text=text))


def menu(page: Page, text: str) -> Locator:
    """The open menu of a message."""
    message(page, text).hover()
    message(page, text).get_by_role("button", name="Message actions").click()
    return page.get_by_role("menu")


def change(workspace: Workspace, name: str = "general", **changes: Any) -> None:
    """Change a room behind everyone's back."""
    from rooms.actions import change_room
    from rooms.models import Room
    from tenants.context import run_in_tenant

    run_in_tenant(workspace.tenant, lambda: change_room(Room.objects.get(name=name), **changes).pk)


def patch(workspace: Workspace, name: str = "general", **changes: Any) -> None:
    """Change a room as the tenant's own server does: everyone in it is told."""
    with workspace.api() as api:
        answer = api.patch(f"/api/v1/rooms/{name}", json=changes)
        assert answer.status_code == 200, answer.text


def mute(workspace: Workspace, sub: str, until: datetime | None) -> None:
    """Mute a member wherever they are one."""
    from rooms.actions import mute_member
    from rooms.models import Membership
    from tenants.context import run_in_tenant

    def change_all() -> None:
        for membership in Membership.objects.filter(member__external_id=sub):
            mute_member(membership, until)

    run_in_tenant(workspace.tenant, change_all)


def warnings_of(page: Page) -> list[str]:
    """What the developer of the page is told from here on, as it comes."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type == "warning" else None)
    return found
