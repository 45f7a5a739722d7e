"""Find my workspaces: the page tells nobody anything, the mail tells its owner everything."""

from __future__ import annotations

import secrets

from tests.personas import Workspace
from tests.portal.visitor import Visitor, mails_to, text_of


def test_the_mail_lists_the_workspaces(visitor: Visitor, workspace: Workspace, elsewhere: Workspace) -> None:
    answer = visitor.post("/login/", {"email": workspace.owner_email.upper()})
    assert answer.headers["location"] == "/login/sent/"
    mail = mails_to(visitor, workspace.owner_email)[0]
    assert f"{workspace.origin}/login/" in mail or f"http://{workspace.host}" in mail
    assert elsewhere.slug not in mail


def test_the_page_answers_the_same_for_a_stranger(visitor: Visitor, workspace: Workspace) -> None:
    nobody = f"nobody@{secrets.token_hex(4)}.example"
    answers = [visitor.post("/login/", {"email": email}) for email in (workspace.owner_email, nobody)]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert (
        "No workspace here" in mails_to(visitor, nobody)[0]
        or "No Snug workspace" in mails_to(visitor, nobody)[0]
    )


def test_an_owner_of_two_gets_both(visitor: Visitor, portal_url: str) -> None:
    from workspaces.actions import open_workspace

    email = f"owner@{secrets.token_hex(4)}.example"
    slugs = [f"w{secrets.token_hex(6)}" for _ in range(2)]
    for slug in slugs:
        open_workspace(slug=slug, name=slug, plan="free", owner_email=email, owner_password_hash="!")
    visitor.post("/login/", {"email": email})
    mail = mails_to(visitor, email)[0]
    assert all(slug in mail for slug in slugs)


def test_a_bad_address_is_named(visitor: Visitor) -> None:
    refused = visitor.post("/login/", {"email": "not an address"})
    assert (refused.status_code, "not a mail address" in text_of(refused)) == (422, True)


def test_asking_is_limited_by_address(visitor: Visitor) -> None:
    email = f"x@{secrets.token_hex(4)}.example"
    codes = [visitor.post("/login/", {"email": f"{number}{email}"}).status_code for number in range(31)]
    assert codes == [302] * 30 + [429]
