"""The portal's two mails, each as text and as HTML."""

import mail
from portal.models import LINK_LIFE, Signup
from tenants.directory import TenantInfo
from tenants.hosts import portal_url, tenant_as_typed, tenant_url


def send_confirmation(signup: Signup, token: str) -> None:
    """Mail the link that confirms `signup`. Raises what the mail backend raises."""
    context = {
        "organisation": signup.organisation,
        "host": tenant_as_typed(signup.slug),
        "link": portal_url(f"/signup/confirm/{token}/"),
        "hours": hours_of_life(),
    }
    mail.send("confirm", f"Open {signup.organisation} on Snug", [signup.email], context)


def send_workspaces(email: str, workspaces: list[TenantInfo]) -> None:
    """Mail the list of workspaces that `email` belongs to, or that there is none."""
    listed = [
        {"name": w.name, "host": tenant_as_typed(w.slug), "url": tenant_url(w.slug, "/login/")}
        for w in workspaces
    ]
    context = {"workspaces": listed, "login_url": portal_url("/login/"), "signup_url": portal_url("/signup/")}
    mail.send("workspaces", "Your Snug workspaces" if listed else "No Snug workspace here", [email], context)


def hours_of_life() -> int:
    """For how many hours a confirmation link works."""
    return int(LINK_LIFE.total_seconds() // 3600)
