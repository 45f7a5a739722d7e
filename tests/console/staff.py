"""Members of staff who have signed in, on their workspace's own host."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor

HOMES: Final = ("/console/", "/chat/")


def sign_in(workspace: Workspace, email: str | None = None, *, to: str = "") -> Visitor:
    """A browser in which a member of staff (the owner, where no other is named) has signed in, and is led `to` a page:
    where they begin, if none is named. By the link that a new owner is sent through, which needs neither a form nor the
    time of a password's hash."""
    if _in_an_event_loop():  # where Django lets nobody at the database
        return sign_in_by_form(workspace, email, to=to)
    way_in = f"/login/?handoff={handoff(workspace, email or workspace.owner_email)}"
    visitor = Visitor(workspace.origin)
    response = visitor.get(way_in)
    assert response.headers.get("location") in ([to] if to else HOMES), response.text
    return visitor


def sign_in_by_form(
    workspace: Workspace, email: str | None = None, password: str = PASSWORD, *, to: str = ""
) -> Visitor:
    """The same as people do it every day."""
    visitor = Visitor(workspace.origin)
    response = visitor.post("/login/", {"email": email or workspace.owner_email, "password": password})
    assert response.headers.get("location") in ([to] if to else HOMES), response.text
    return visitor


def _in_an_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def handoff(workspace: Workspace, email: str) -> str:
    """What signs a member of staff in once, without their password."""
    from accounts.actions import make_handoff
    from accounts.models import Member
    from tenants.context import run_in_tenant

    def make() -> str:
        return make_handoff(Member.objects.get(email=email))

    return run_in_tenant(workspace.tenant, make)


def hire(workspace: Workspace, role: str) -> str:
    """A new colleague of Alice's; their mail address. The password is everybody's."""
    from django.contrib.auth.hashers import make_password

    from accounts.actions import create_staff
    from tenants.context import run_in_tenant

    email = f"{role}@{workspace.slug}.example"

    def create() -> None:
        create_staff(email=email, role=role, password_hash=make_password(PASSWORD))

    run_in_tenant(workspace.tenant, create)
    return email
