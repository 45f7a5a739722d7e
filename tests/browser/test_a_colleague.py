"""A colleague's first day: invited in the console, mailed, come in, and answering a customer in the hosted chat."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.personas import PASSWORD, Workspace


def sign_in(page: Page, workspace: Workspace) -> None:
    page.get_by_label("Mail address").fill(workspace.owner_email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/")


def follow_the_mail(page: Page, portal_url: str, email: str) -> None:
    """Open the newest mail to this address in the development mailbox, and follow its link."""
    mail = page.get_by_role("link").filter(has_text=email)
    for _ in range(40):
        page.goto(f"{portal_url}/dev/mail/")
        if mail.count():
            break
    mail.first.click()
    page.locator(".mail-text a[href*='/invite/']").click()


def test_from_an_invitation_to_an_answer_in_the_hosted_chat(
    workspace: Workspace, portal_url: str, open_page: Callable[..., Page]
) -> None:
    email = f"bea@{workspace.slug}.example"
    with workspace.api() as api:
        room = {"name": "customer-4711", "kind": "support", "title": "Ann Lee"}
        api.post("/api/v1/rooms", json=room).raise_for_status()

    alice = open_page(f"{workspace.origin}/login/")
    sign_in(alice, workspace)
    alice.get_by_role("link", name="Team").click()
    alice.get_by_text("Invite a colleague").click()
    alice.get_by_label("Mail address").fill(email)
    alice.get_by_label("Role").select_option("agent")
    alice.get_by_role("button", name="Send the invitation").click()
    expect(alice.get_by_text(f"An invitation to {email} is on its way.")).to_be_visible()

    bea = open_page(f"{portal_url}/dev/mail/")
    follow_the_mail(bea, portal_url, email)
    expect(bea.get_by_role("heading", name=f"Join Workspace {workspace.slug}")).to_be_visible()
    bea.get_by_label("Your name").fill("Bea Okafor")
    bea.get_by_label("Password").fill("a snug of one's own")
    bea.get_by_role("button", name="Join the team").click()
    bea.wait_for_url("**/chat/")
    bea.locator("#room-list").get_by_text("Ann Lee").click()

    token = workspace.token("4711", name="Ann Lee", rooms=["customer-4711"])
    ann = open_page(f"{workspace.origin}/chat/?room=customer-4711#token={token}")
    ann.locator("#text").fill("Is anybody there?")
    ann.locator("#text").press("Enter")
    expect(bea.locator("#messages")).to_contain_text("Is anybody there?")
    bea.locator("#text").fill("Yes. How can I help?")
    bea.locator("#text").press("Enter")
    expect(ann.locator("#messages")).to_contain_text("Yes. How can I help?")
    expect(ann.locator("#messages")).to_contain_text("Bea Okafor")

    alice.reload()
    row = alice.locator("tr").filter(has_text=email)
    row.get_by_text("Remove", exact=False).first.click()
    row.get_by_role("button", name="Remove from the team").click()
    expect(alice.get_by_text("Bea Okafor is no longer on the team")).to_be_visible()
    expect(bea.locator("#stop")).to_be_visible()
    expect(ann.locator("#messages")).to_contain_text("Bea Okafor")
