"""A forgotten password: the mailbox leads back in, once, for an hour, and into this workspace alone."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Member, PasswordReset
from console.guards import HOUR
from realtime.limits import hit_sync
from tenants.context import run_in_tenant
from tests.console.staff import hire, sign_in
from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor, far_from_the_end_of, mails_to, text_of

NEW = "a snug of one's own"
LINK = re.compile(r"(http://[^/\s\"<]+)(/login/reset/[\w-]{43}/)")


def ask(workspace: Workspace, email: str) -> tuple[int, str | None]:
    with Visitor(workspace.origin) as somebody:
        answer = somebody.post("/login/forgot/", {"email": email})
        return answer.status_code, answer.headers.get("location")


def mailed_links(workspace: Workspace, portal_url: str, email: str = "", count: int = 1) -> list[str]:
    """The paths of the links mailed to the owner or to `email`, newest first."""
    with Visitor(portal_url) as reader:
        found = [LINK.search(mail) for mail in mails_to(reader, email or workspace.owner_email, count)]
    assert {link.group(1) for link in found if link} == {workspace.origin}
    return [link.group(2) for link in found if link]


@pytest.fixture
def link(workspace: Workspace, portal_url: str) -> str:
    """A link that Alice has just been mailed."""
    assert ask(workspace, workspace.owner_email) == (302, "/login/forgot/sent/")
    return mailed_links(workspace, portal_url)[0]


def can_sign_in(workspace: Workspace, password: str, email: str = "") -> bool:
    with Visitor(workspace.origin) as somebody:
        form = {"email": email or workspace.owner_email, "password": password}
        return somebody.post("/login/", form).status_code == 302


def test_alice_comes_back_in_by_her_mailbox(workspace: Workspace, link: str) -> None:
    with Visitor(workspace.origin) as alice:
        assert 'href="/login/forgot/"' in alice.get("/login/").text
        assert workspace.owner_email in text_of(alice.get(link))
        assert alice.post(link, {"password": NEW}).headers["location"] == "/console/"
        assert "Your new password is set." in text_of(alice.get("/console/"))
    assert can_sign_in(workspace, NEW)
    assert not can_sign_in(workspace, PASSWORD)


def test_the_sign_in_page_leads_to_the_list_of_workspaces(workspace: Workspace, portal_url: str) -> None:
    with Visitor(workspace.origin) as somebody:
        assert f'href="{portal_url}/login/"' in somebody.get("/login/").text


def test_every_other_session_ends_and_only_hers(workspace: Workspace, link: str) -> None:
    with (
        sign_in(workspace) as thief,
        sign_in(workspace, hire(workspace, "admin")) as colleague,
        Visitor(workspace.origin) as alice,
    ):
        assert thief.get("/console/").status_code == 200
        alice.post(link, {"password": NEW})
        assert alice.get("/console/").status_code == 200
        assert thief.get("/console/").headers["location"] == "/login/?next=/console/"
        assert colleague.get("/console/").status_code == 200


async def test_an_open_chat_of_the_old_session_closes(workspace: Workspace, link: str) -> None:
    with sign_in(workspace) as thief, Visitor(workspace.origin) as alice:
        cookie = "; ".join(f"{each.name}={each.value}" for each in thief.client.cookies.jar)
        async with workspace.chat(
            None,
            process=1,
            origin=workspace.origin.replace(str(workspace.ports[0]), str(workspace.ports[1])),
            headers={"Cookie": cookie},
        ) as socket:
            assert (await socket.entered())["count"] == 1
            alice.post(link, {"password": NEW})
            assert await socket.closed() == 4001


def test_a_link_works_once(workspace: Workspace, link: str) -> None:
    with Visitor(workspace.origin) as alice:
        alice.post(link, {"password": NEW})
    with Visitor(workspace.origin) as finder:
        shown = finder.get(link)
        assert (shown.status_code, "no longer works" in text_of(shown)) == (410, True)
        assert finder.post(link, {"password": "of the finder"}, page="/login/").status_code == 410
        assert finder.get("/console/").status_code == 302
    assert can_sign_in(workspace, NEW)


def test_a_link_used_twice_at_once_sets_one_password(workspace: Workspace, link: str) -> None:
    wishes = [f"password number {number}" for number in range(4)]

    def use(password: str) -> int:
        with Visitor(workspace.origin) as somebody:
            return somebody.post(link, {"password": password}, page="/login/").status_code

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(use, wishes))
    assert sorted(codes) == [302, 410, 410, 410]
    assert can_sign_in(workspace, wishes[codes.index(302)])


def test_using_one_link_voids_the_others(workspace: Workspace, link: str, portal_url: str) -> None:
    ask(workspace, workspace.owner_email)
    newer = mailed_links(workspace, portal_url, count=2)[0]
    with Visitor(workspace.origin) as alice:
        assert alice.get(link).status_code == alice.get(newer).status_code == 200  # mails overtake each other
        alice.post(link, {"password": NEW})
        assert alice.get(newer).status_code == 410


def test_a_link_is_good_for_an_hour(workspace: Workspace, link: str) -> None:
    def age(by: timedelta) -> None:
        for each in PasswordReset.objects.all():
            PasswordReset.objects.filter(pk=each.pk).update(expires_at=each.expires_at - by)

    def left() -> float:
        return (PasswordReset.objects.get().expires_at - timezone.now()).total_seconds()

    assert 3500 < run_in_tenant(workspace.tenant, left) <= 3600
    with Visitor(workspace.origin) as alice:
        run_in_tenant(workspace.tenant, age, timedelta(minutes=59))
        assert alice.get(link).status_code == 200
        run_in_tenant(workspace.tenant, age, timedelta(minutes=2))
        assert alice.get(link).status_code == 410
        assert alice.post(link, {"password": NEW}, page="/login/").status_code == 410
    assert can_sign_in(workspace, PASSWORD)


def test_a_scanner_that_follows_the_link_changes_nothing(workspace: Workspace, link: str) -> None:
    with Visitor(workspace.origin) as scanner:
        for _ in range(3):
            assert scanner.get(link).status_code == 200
            assert scanner.client.head(link).status_code == 200
    assert can_sign_in(workspace, PASSWORD)
    with Visitor(workspace.origin) as alice:
        assert alice.post(link, {"password": NEW}).status_code == 302


def test_mallorys_link_opens_nothing_here(
    workspace: Workspace, elsewhere: Workspace, link: str, portal_url: str
) -> None:
    ask(elsewhere, elsewhere.owner_email)
    hers = mailed_links(elsewhere, portal_url)[0]
    with Visitor(workspace.origin) as mallory:
        assert mallory.get(hers).status_code == 410
        assert mallory.post(hers, {"password": NEW}, page="/login/").status_code == 410
        assert mallory.get("/console/").status_code == 302
    with Visitor(elsewhere.origin) as mallory:  # over there it is good, and Alice's is not
        assert mallory.get(link).status_code == 410
        assert mallory.post(hers, {"password": NEW}).status_code == 302
    assert can_sign_in(workspace, PASSWORD)
    assert can_sign_in(elsewhere, NEW)


def test_the_answer_tells_nobody_who_works_here(
    workspace: Workspace, elsewhere: Workspace, portal_url: str
) -> None:
    strangers = [elsewhere.owner_email, f"nobody@{secrets.token_hex(4)}.example"]
    answers = {ask(workspace, email) for email in [workspace.owner_email, *strangers]}
    assert answers == {(302, "/login/forgot/sent/")}
    mailed_links(workspace, portal_url)
    time.sleep(0.5)
    with Visitor(portal_url) as reader:
        listing = reader.get("/dev/mail/").text
    assert not any(email in listing for email in strangers)


def test_customers_have_no_password_to_forget(workspace: Workspace, portal_url: str) -> None:
    email = f"bob@{workspace.slug}.example"

    def customer() -> None:
        Member.objects.create_user("bob", PASSWORD, email=email)

    run_in_tenant(workspace.tenant, customer)
    assert ask(workspace, email) == ask(workspace, workspace.owner_email)
    mailed_links(workspace, portal_url)
    with Visitor(portal_url) as reader:
        assert email not in reader.get("/dev/mail/").text


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "Choose a password."),
        ("short", "too short"),
        ("password1234", "too common"),
        ("81726354091827", "entirely numeric"),
        ("x" * 129, "at most 128"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_kept(
    workspace: Workspace, link: str, password: str, words: str
) -> None:
    with Visitor(workspace.origin) as alice:
        refused = alice.post(link, {"password": password})
        assert (refused.status_code, words in text_of(refused)) == (422, True)
        assert alice.post(link, {"password": NEW}).status_code == 302


def test_a_bad_address_is_named(workspace: Workspace) -> None:
    assert ask(workspace, "not an address")[0] == 422


def test_asking_is_limited_by_address(workspace: Workspace) -> None:
    far_from_the_end_of(HOUR)
    with Visitor(workspace.origin) as somebody:
        for _ in range(29):
            hit_sync(workspace.tenant.schema_name, f"forgot:{somebody.address}", 30, HOUR)
        codes = [somebody.post("/login/forgot/", {"email": "x@example.com"}).status_code for _ in range(2)]
    assert codes == [302, 429]
    assert ask(workspace, workspace.owner_email)[0] == 302  # from elsewhere


def test_nobodys_mailbox_is_flooded(workspace: Workspace, portal_url: str) -> None:
    far_from_the_end_of(HOUR)
    for _ in range(7):
        assert ask(workspace, workspace.owner_email.upper())[0] == 302
    mailed_links(workspace, portal_url, count=5)
    time.sleep(0.5)
    assert len(mailed_links(workspace, portal_url, count=5)) == 5


def test_a_token_rests_as_a_hash(workspace: Workspace, link: str) -> None:
    token = link.split("/")[3]

    def stored() -> list[bytes]:
        return [bytes(each.token_hash) for each in PasswordReset.objects.all()]

    assert run_in_tenant(workspace.tenant, stored) == [hashlib.sha256(token.encode()).digest()]


@pytest.mark.parametrize("token", ["x", "%00", "x" * 4000, "a/b", "é"])
def test_strange_links_are_explained(workspace: Workspace, token: str) -> None:
    with Visitor(workspace.origin) as somebody:
        assert somebody.get(f"/login/reset/{token}/").status_code in (404, 410)


def test_forms_without_a_token_are_refused(workspace: Workspace, link: str) -> None:
    with Visitor(workspace.origin) as somebody:
        assert somebody.send("/login/forgot/", {"email": workspace.owner_email}).status_code == 403
        assert somebody.send(link, {"password": NEW}).status_code == 403
    assert can_sign_in(workspace, PASSWORD)


def test_the_owner_of_a_suspended_workspace_gets_back_in_too(workspace: Workspace, portal_url: str) -> None:
    from tenants.actions import set_state

    set_state(workspace.tenant.id, "suspended")
    time.sleep(0.1)
    assert ask(workspace, workspace.owner_email) == (302, "/login/forgot/sent/")
    with Visitor(workspace.origin) as alice:
        link = mailed_links(workspace, portal_url)[0]
        assert alice.post(link, {"password": NEW}).status_code == 302
