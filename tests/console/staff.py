"""Members of staff who have signed in, on their workspace's own host."""

from __future__ import annotations

from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor


def sign_in(
    workspace: Workspace, email: str | None = None, password: str = PASSWORD, *, to: str = "/console/"
) -> Visitor:
    """A browser in which a member of staff (the owner, where no other is named) has signed in."""
    visitor = Visitor(workspace.origin)
    response = visitor.post("/login/", {"email": email or workspace.owner_email, "password": password})
    assert response.headers.get("location") == to, response.text
    return visitor


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
