"""Invitations: sent, sent again, withdrawn, accepted; once, for a week, into one workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, Member
from console.guards import DAY
from realtime.limits import hit_sync
from tenants.context import run_in_tenant
from tests.console.inviting import (
    JOIN,
    NEW,
    TEAM,
    actions_of,
    address,
    ids_on,
    invite,
    mailed_links,
    row_of,
)
from tests.console.staff import hire, sign_in, sign_in_by_form
from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor, mails_to, text_of

GONE = "no longer works"


def count_staff(workspace: Workspace) -> int:
    return int(run_in_tenant(workspace.tenant, lambda: Member.objects.staff().count()))


@pytest.fixture
def link(workspace: Workspace, alice: Visitor, portal_url: str) -> str:
    """A link that Bea has just been mailed; she is to be an agent."""
    assert invite(alice, address(workspace)).headers["location"] == f"{TEAM}#invitations"
    return mailed_links(workspace, portal_url)[0]


def test_bea_joins_as_an_agent_and_is_in_the_chat(
    workspace: Workspace, alice: Visitor, link: str, portal_url: str
) -> None:
    assert "invited by alice" in row_of(alice.get(TEAM), address(workspace))
    with Visitor(workspace.origin) as bea:
        page = text_of(bea.get(link))
        assert "alice invites you to the team. Your role is agent" in page
        assert address(workspace) in page
        assert bea.post(link, JOIN).headers["location"] == "/chat/"
        assert "/console/" in bea.get("/chat/").text
        assert "You are agent of" in text_of(bea.get("/console/"))
    with sign_in_by_form(workspace, address(workspace), NEW):
        pass
    after = alice.get(TEAM)
    assert "Agent" in row_of(after, "Bea Okafor")
    assert ids_on(after) == []
    with Visitor(portal_url) as bea:  # and she finds the workspace by her mail
        bea.post("/login/", {"email": address(workspace)})
        assert workspace.host in mails_to(bea, address(workspace), 2)[0]


@pytest.mark.parametrize("role", ["admin", "moderator"])
def test_others_begin_in_the_console(
    workspace: Workspace, alice: Visitor, portal_url: str, role: str
) -> None:
    invite(alice, address(workspace), role)
    with Visitor(workspace.origin) as bea:
        [link] = mailed_links(workspace, portal_url)
        assert bea.post(link, JOIN).headers["location"] == "/console/"
        assert "Welcome to" in text_of(bea.get("/console/"))
        assert bea.get(TEAM).status_code == (200 if role == "admin" else 403)


def test_whoever_has_left_does_not_find_the_workspace(
    workspace: Workspace, alice: Visitor, link: str, portal_url: str
) -> None:
    from tenants.actions import workspaces_of

    with Visitor(workspace.origin) as bea:
        bea.post(link, JOIN)
    assert [found.slug for found in workspaces_of(address(workspace))] == [workspace.slug]
    row = alice.get(TEAM)
    [path] = {line for line in row.text.split('"') if line.endswith("/remove/")}
    alice.post(path, {}, page=TEAM)
    assert workspaces_of(address(workspace)) == []
    assert [found.slug for found in workspaces_of(workspace.owner_email)] == [workspace.slug]
    assert invite(alice, address(workspace)).status_code == 302  # and may be asked again
    again = mailed_links(workspace, portal_url, count=2)[0]
    with Visitor(workspace.origin) as bea:
        assert bea.post(again, JOIN).status_code == 302
    assert [found.slug for found in workspaces_of(address(workspace))] == [workspace.slug]


def test_a_link_works_once(workspace: Workspace, link: str) -> None:
    with Visitor(workspace.origin) as bea:
        for _ in range(3):  # a mail scanner follows it too, and changes nothing
            assert bea.get(link).status_code == 200
        bea.post(link, JOIN)
        inside = bea.get(link)
        assert (inside.status_code, GONE in text_of(inside)) == (410, True)
        assert 'href="/console/"' in inside.text
    with Visitor(workspace.origin) as finder:
        assert finder.get(link).status_code == 410
        assert finder.post(link, JOIN, page="/login/").status_code == 410
        assert finder.get("/console/").status_code == 302
    assert count_staff(workspace) == 2


def test_a_link_used_twice_at_once_makes_one_colleague(workspace: Workspace, link: str) -> None:
    def use(number: int) -> int:
        with Visitor(workspace.origin) as somebody:
            form = {"name": f"Bea {number}", "password": NEW}
            return somebody.post(link, form, page="/login/").status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [302, 410, 410, 410]
    assert count_staff(workspace) == 2


def test_a_link_is_good_for_a_week(workspace: Workspace, alice: Visitor, link: str, portal_url: str) -> None:
    def age(by: timedelta) -> None:
        for each in Invitation.objects.all():
            Invitation.objects.filter(id=each.id).update(expires_at=each.expires_at - by)

    with Visitor(workspace.origin) as bea:
        run_in_tenant(workspace.tenant, age, timedelta(days=6, hours=23))
        assert bea.get(link).status_code == 200
        run_in_tenant(workspace.tenant, age, timedelta(hours=1))
        shown = bea.get(link)
        assert (shown.status_code, GONE in text_of(shown)) == (410, True)
        assert bea.post(link, JOIN, page="/login/").status_code == 410
        page = alice.get(TEAM)
        assert "expired" in row_of(page, address(workspace))
        alice.post(f"{TEAM}invitations/{ids_on(page)[0]}/again/", {}, page=TEAM)
        again = mailed_links(workspace, portal_url, count=2)[0]
        assert bea.post(again, JOIN).status_code == 302


def test_a_newer_mail_takes_the_place_of_the_first(
    workspace: Workspace, alice: Visitor, link: str, portal_url: str
) -> None:
    [invitation] = ids_on(alice.get(TEAM))
    answer = alice.post(f"{TEAM}invitations/{invitation}/again/", {}, page=TEAM)
    assert answer.headers["location"] == f"{TEAM}#invitations"
    newer = mailed_links(workspace, portal_url, count=2)[0]
    with Visitor(workspace.origin) as bea:
        assert bea.get(link).status_code == 410
        assert bea.post(newer, JOIN).status_code == 302
    said = [entry["details"].get("again") for entry in actions_of(workspace, "staff.invited")]
    assert said == [True, None]


def test_a_withdrawn_invitation_leads_nowhere(workspace: Workspace, alice: Visitor, link: str) -> None:
    [invitation] = ids_on(alice.get(TEAM))
    with Visitor(workspace.origin) as bea:
        assert bea.get(link).status_code == 200
        for _ in range(2):  # the second time by somebody whose page is old
            path = f"{TEAM}invitations/{invitation}/withdraw/"
            assert alice.post(path, {}, page=TEAM).status_code == 302
        assert bea.get(link).status_code == 410
        assert bea.post(link, JOIN, page="/login/").status_code == 410
    alice.post(f"{TEAM}invitations/{invitation}/again/", {}, page=TEAM)
    assert "accepted or withdrawn already" in text_of(alice.get(TEAM))
    assert count_staff(workspace) == 1


def test_a_link_of_another_workspace_is_none_here(
    workspace: Workspace, elsewhere: Workspace, mallory: Visitor, link: str
) -> None:
    with Visitor(elsewhere.origin) as bea:
        assert bea.get(link).status_code == 410
        assert bea.post(link, JOIN, page="/login/").status_code == 410
    assert mallory.get(link).status_code == 410
    assert count_staff(elsewhere) == 1
    with Visitor(workspace.origin) as bea:
        assert bea.post(link, JOIN).status_code == 302


@pytest.mark.parametrize("token", ["x", "%00", "a b", "ü", "x" * 3000])
def test_what_is_no_token_is_told_so(workspace: Workspace, token: str) -> None:
    with Visitor(workspace.origin) as bea:
        assert bea.get(f"/invite/{token}/").status_code in (404, 410)


def test_a_token_rests_as_a_hash(workspace: Workspace, link: str) -> None:
    def kept() -> list[bytes]:
        return [bytes(each.token_hash or b"") for each in Invitation.objects.all()]

    token = link.strip("/").rpartition("/")[2]
    assert run_in_tenant(workspace.tenant, kept) == [hashlib.sha256(token.encode()).digest()]


def test_a_colleague_who_opens_it_is_asked_to_sign_out_first(
    workspace: Workspace, alice: Visitor, link: str
) -> None:
    page = alice.get(link)
    assert page.status_code == 200
    assert "You are signed in already" in text_of(page)
    assert address(workspace) in text_of(page)
    assert alice.post(link, JOIN, page="/console/").status_code == 200  # and nobody has joined
    assert count_staff(workspace) == 1
    assert alice.post("/logout/", {"next": link}, page=link).headers["location"] == link
    assert alice.post(link, JOIN).headers["location"] == "/chat/"


@pytest.mark.parametrize("elsewhere_to", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_signing_out_leads_to_no_other_site(workspace: Workspace, elsewhere_to: str) -> None:
    with sign_in(workspace) as alice:
        answer = alice.post("/logout/", {"next": elsewhere_to}, page="/console/")
        assert answer.headers["location"] == "/login/"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "password": NEW}, "Enter the name"),
        ({"name": "\u200b \u2800", "password": NEW}, "characters that can be seen"),
        ({"name": "B" * 101, "password": NEW}, "at most 100"),
        ({"name": "Bea", "password": ""}, "Choose a password"),
        ({"name": "Bea", "password": "short"}, "at least 10"),
        ({"name": "Bea", "password": "1234567890"}, "too common"),
    ],
    ids=["no-name", "unseen-name", "long-name", "no-password", "short", "common"],
)
def test_a_form_that_does_not_do_is_sent_back_and_the_link_stays_good(
    workspace: Workspace, link: str, form: dict[str, str], said: str
) -> None:
    with Visitor(workspace.origin) as bea:
        answer = bea.post(link, form)
        assert answer.status_code == 422
        assert said in text_of(answer)
        assert bea.post(link, JOIN).status_code == 302


def test_a_form_from_another_site_is_refused(workspace: Workspace, alice: Visitor, link: str) -> None:
    with Visitor(workspace.origin) as bea:
        assert bea.send(link, JOIN).status_code == 403
        assert bea.post(link, JOIN).status_code == 302
    form = {"invite-email": address(workspace, "carl"), "invite-role": "agent"}
    assert alice.send(TEAM, form).status_code == 403
    assert alice.post(TEAM, form).status_code == 302


def test_an_admin_invites_no_admin_and_touches_no_such_invitation(
    workspace: Workspace, alice: Visitor
) -> None:
    email = address(workspace)
    with sign_in(workspace, hire(workspace, "admin")) as ada:
        refused = invite(ada, email, "admin")
        assert (refused.status_code, "You cannot invite anybody as this." in text_of(refused)) == (422, True)
        assert invite(alice, email, "admin").status_code == 302
        [invitation] = ids_on(alice.get(TEAM))
        assert ids_on(ada.get(TEAM)) == []
        for verb in ("again", "withdraw"):
            path = f"{TEAM}invitations/{invitation}/{verb}/"
            assert ada.post(path, {}, page=TEAM).status_code == 403
        assert ids_on(alice.get(TEAM)) == [invitation]
        assert invite(ada, address(workspace, "carl")).status_code == 302
        assert len(ids_on(ada.get(TEAM))) == 1


@pytest.mark.parametrize("role", ["owner", "", "king"])
def test_nobody_is_invited_as_what_there_is_not(workspace: Workspace, alice: Visitor, role: str) -> None:
    assert invite(alice, address(workspace), role).status_code == 422
    assert invite(alice, address(workspace), "agent").status_code == 302


def test_who_is_here_or_asked_already_is_not_invited_again(workspace: Workspace, alice: Visitor) -> None:
    email = address(workspace)
    for known in (workspace.owner_email, workspace.owner_email.upper()):
        assert "on the team already" in text_of(invite(alice, known))
    assert invite(alice, email).status_code == 302
    assert "invited already" in text_of(invite(alice, email.title()))
    for bad in ("", "bea", "bea@", "b" * 250 + "@x.example", "bea@\x00.example"):
        assert invite(alice, bad).status_code == 422


def test_a_team_has_an_end(workspace: Workspace, alice: Visitor) -> None:
    from accounts.actions.invitations import MOST_STAFF

    def fill() -> None:
        owner = Member.objects.get(role="owner")
        ends = timezone.now() + timedelta(days=7)
        Invitation.objects.bulk_create(
            Invitation(email=f"c{n}@x.example", role="agent", invited_by=owner, expires_at=ends)
            for n in range(MOST_STAFF - 2)
        )

    run_in_tenant(workspace.tenant, fill)
    assert invite(alice, address(workspace, "last")).status_code == 302
    refused = invite(alice, address(workspace, "late"))
    assert (refused.status_code, "at most 200 people" in text_of(refused)) == (422, True)
    alice.post(f"{TEAM}invitations/{ids_on(alice.get(TEAM))[0]}/withdraw/", {}, page=TEAM)
    assert invite(alice, address(workspace, "late")).status_code == 302


def test_invitations_are_counted_by_the_day(workspace: Workspace, alice: Visitor) -> None:
    schema, email = workspace.tenant.schema_name, address(workspace)
    assert invite(alice, email).status_code == 302
    [invitation] = ids_on(alice.get(TEAM))
    again = f"{TEAM}invitations/{invitation}/again/"
    for _ in range(4):
        alice.post(again, {}, page=TEAM)
    assert "Another mail" in text_of(alice.get(TEAM))
    alice.post(again, {}, page=TEAM)  # the sixth to this person
    assert "many to this address" in text_of(alice.get(TEAM))
    assert invite(alice, address(workspace, "carl")).status_code == 302
    while hit_sync(schema, "invite", 50, DAY):
        pass
    assert invite(alice, address(workspace, "dora")).status_code == 429


def test_who_was_not_mailed_is_not_counted(workspace: Workspace, alice: Visitor) -> None:
    for _ in range(7):
        assert invite(alice, workspace.owner_email).status_code == 422
    assert hit_sync(workspace.tenant.schema_name, "invite", 1, DAY)


def test_what_was_decided_is_on_record(workspace: Workspace, alice: Visitor, link: str) -> None:
    with Visitor(workspace.origin) as bea:
        bea.post(link, JOIN)
    invite(alice, address(workspace, "carl"), "moderator")
    alice.post(f"{TEAM}invitations/{ids_on(alice.get(TEAM))[0]}/withdraw/", {}, page=TEAM)
    entries = actions_of(workspace, "staff.invited", "invitation.withdrawn", "staff.created")
    told = [(each["action"], each["actor"], each["details"].get("role")) for each in reversed(entries)]
    assert told == [
        ("staff.created", "snug", "owner"),
        ("staff.invited", workspace.owner_id, "agent"),
        ("staff.created", workspace.owner_id, "agent"),
        ("staff.invited", workspace.owner_id, "moderator"),
        ("invitation.withdrawn", workspace.owner_id, "moderator"),
    ]
    page = text_of(alice.get("/console/activity/"))
    for words in ("invited a colleague", "added a colleague", "withdrew an invitation"):
        assert words in page


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en", "invites you"), ("de-AT", "lädt Sie"), ("fr", "vous invite"), ("ar", "دعوة"), ("ja", "invites")],
)
def test_the_mail_is_in_the_workspaces_language(
    new_workspace: Callable[..., Workspace], portal_url: str, locale: str, said: str
) -> None:
    from portal import mailbox

    workspace = new_workspace(locale=locale, name="Kneipe & <Söhne>")
    with sign_in(workspace) as alice:
        invite(alice, address(workspace), "moderator")
    [link] = mailed_links(workspace, portal_url)
    [mail] = [mail for mail in mailbox.newest(500) if mail.to == address(workspace)]
    assert said in mail.text
    assert said in mail.html
    assert link in mail.text
    assert link in mail.html
    assert "Kneipe & <Söhne>" in mail.text
    assert "Kneipe &amp; &lt;Söhne&gt;" in mail.html
    assert "Kneipe & <Söhne>" in mail.subject
    assert ('dir="rtl"' in mail.html) == (locale == "ar")
    assert "{" not in mail.text


def test_somebody_added_by_a_command_meanwhile_is_not_added_twice(workspace: Workspace, link: str) -> None:
    def add() -> None:
        from accounts.actions import create_staff

        create_staff(email=address(workspace), role="admin", password=PASSWORD)

    run_in_tenant(workspace.tenant, add)
    with Visitor(workspace.origin) as bea:
        assert bea.post(link, JOIN).status_code == 410
    assert count_staff(workspace) == 2
