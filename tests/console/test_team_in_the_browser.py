"""The pages about people in a real browser, with names and addresses as long and strange as they may be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tenants.context import run_in_tenant
from tests.console.conftest import Enter
from tests.personas import Workspace
from tests.portal.looking import faults_of


def furnish() -> str:
    """People and invitations; the token of one."""
    from accounts.actions import create_staff, invite, make_invitation_link
    from accounts.models import Invitation, Member

    names = ["W" * 100, "عبد الرحمن بن محمد آل سعود", "A name of many words that " + "goes on and on " * 4]
    for number, name in enumerate(names):
        email = f"{'x' * 60}{number}@{'y' * 60}.example.com"
        create_staff(email=email, role="agent", password_hash="!", name=name)
    owner = Member.objects.get(role="owner")
    long_ago = timezone.now() - timedelta(days=1)
    Invitation.objects.create(email="carl@x.example", role="agent", invited_by=owner, expires_at=long_ago)
    made = make_invitation_link(invite(f"{'z' * 60}@{'q' * 60}.example", "admin", owner).id)
    assert made is not None
    return made[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_about_people_hold_at_every_width_by_day_and_by_night(
    enter: Enter, new_workspace: Callable[..., Workspace], theme: str, width: int
) -> None:
    workspace = new_workspace(name="The Extraordinarily Long Named Cooperative of Lighthouse Keepers")
    token = run_in_tenant(workspace.tenant, furnish)
    page = enter(workspace, viewport={"width": width, "height": 800}, color_scheme=theme)
    expect(page.get_by_text("Choose the name they see")).to_be_visible()
    page.goto(f"{workspace.origin}/console/team/")
    page.get_by_text("Invite a colleague").click()
    assert faults_of(page) == []
    for menu in (0, 1):
        page.locator("td .menu > summary").nth(menu).click()
        assert faults_of(page) == []
    page.goto(f"{workspace.origin}/console/team/")
    page.get_by_text("Invite a colleague").click()
    page.get_by_label("Mail address").fill(workspace.owner_email)
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("They are on the team already.")).to_be_visible()
    expect(page.get_by_label("Mail address")).to_be_focused()
    assert faults_of(page) == []
    for path in ("/console/profile/", f"/invite/{token}/", "/invite/xx/"):
        page.goto(workspace.origin + path)
        assert faults_of(page) == [], path
    page.context.clear_cookies()
    page.goto(f"{workspace.origin}/invite/{token}/")
    page.get_by_label("Your name").fill("Bea")
    assert faults_of(page) == []
