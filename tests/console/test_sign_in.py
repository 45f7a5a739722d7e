"""Staff come in with a password, on their own host, and strangers do not."""

from __future__ import annotations

import html
import re

import pytest

from accounts.models import Member
from tenants.context import run_in_tenant
from tests.console.staff import hire, sign_in_by_form
from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor, far_from_the_end_of, text_of


def test_the_owner_signs_in_and_out(workspace: Workspace) -> None:
    with sign_in_by_form(workspace) as alice:
        assert alice.get("/console/").status_code == 200
        assert alice.get("/").headers["location"] == "/console/"
        assert alice.get("/login/").headers["location"] == "/console/"
        assert alice.post("/logout/", page="/console/").headers["location"] == "/login/"
        assert alice.get("/console/").headers["location"] == "/login/?next=/console/"


def test_the_session_cookie_is_for_this_host_alone_and_no_script(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as alice:
        form = {"email": workspace.owner_email, "password": PASSWORD}
        cookies = alice.post("/login/", form).headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("snug_session="))
    assert "httponly" in session.lower()
    assert "samesite=lax" in session.lower()
    assert "domain=" not in session.lower()


def test_a_session_is_a_new_one_after_signing_in(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as alice:
        alice.client.cookies.set("snug_session", "planted-by-somebody-else")
        answer = alice.post("/login/", {"email": workspace.owner_email, "password": PASSWORD})
        made = answer.cookies.get("snug_session")
    assert made
    assert made != "planted-by-somebody-else"


@pytest.mark.parametrize("path", ["/console/", "/console/live/", "/console/preview/"])
def test_a_stranger_is_asked_to_sign_in_and_brought_back(workspace: Workspace, path: str) -> None:
    with Visitor(workspace.origin) as stranger:
        assert stranger.get(path).headers["location"] == f"/login/?next={path}"
        form = {"email": workspace.owner_email, "password": PASSWORD, "next": path}
        assert stranger.post("/login/", form).headers["location"] == path


def test_a_deep_link_keeps_its_query_through_the_sign_in(workspace: Workspace) -> None:
    path = "/console/billing/?by=year&to=%2F%2Fevil.example"
    with Visitor(workspace.origin) as stranger:
        asked = stranger.get(path).headers["location"]
        assert asked == "/login/?next=/console/billing/%3Fby%3Dyear%26to%3D%252F%252Fevil.example"
        form = re.search(r'name="next" value="([^"]+)"', stranger.get(asked).text)
        assert form
        wish = html.unescape(form.group(1))
        assert wish == path
        given = {"email": workspace.owner_email, "password": PASSWORD, "next": wish}
        assert stranger.post("/login/", given).headers["location"] == path
        assert stranger.get(path).status_code == 200


@pytest.mark.parametrize(
    "wish", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""]
)
def test_signing_in_leads_to_no_other_site(workspace: Workspace, wish: str) -> None:
    with Visitor(workspace.origin) as alice:
        form = {"email": workspace.owner_email, "password": PASSWORD, "next": wish}
        assert alice.post("/login/", form).headers["location"] == "/console/"


def test_a_wrong_password_and_an_unknown_address_sound_the_same(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as stranger:
        wrong = stranger.post("/login/", {"email": workspace.owner_email, "password": "wrong password"})
        unknown = stranger.post("/login/", {"email": "who@example.com", "password": "wrong password"})
    assert wrong.status_code == unknown.status_code == 422
    said = "The mail address or the password is wrong."
    assert said in text_of(wrong)
    assert said in text_of(unknown)


def test_customers_have_no_way_in(workspace: Workspace) -> None:
    def customer() -> None:
        Member.objects.create_user("bob", PASSWORD, email=f"bob@{workspace.slug}.example")

    run_in_tenant(workspace.tenant, customer)
    with Visitor(workspace.origin) as bob:
        form = {"email": f"bob@{workspace.slug}.example", "password": PASSWORD}
        assert bob.post("/login/", form).status_code == 422


def test_guessing_is_stopped_for_the_guesser_and_not_for_the_owner(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as guesser:
        far_from_the_end_of(600)
        guess = {"email": workspace.owner_email, "password": "guess"}
        codes = [guesser.post("/login/", guess).status_code for _ in range(21)]
        assert codes == [422] * 20 + [429]
        right = guesser.post("/login/", {"email": workspace.owner_email, "password": PASSWORD})
        assert (right.status_code, "Wait ten minutes" in text_of(right)) == (429, True)
    with sign_in_by_form(workspace) as alice:  # from her own address
        assert alice.get("/console/").status_code == 200


def test_a_form_without_a_token_is_refused(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as stranger:
        refused = stranger.send("/login/", {"email": workspace.owner_email, "password": PASSWORD})
        assert (refused.status_code, "Nothing was changed" in text_of(refused)) == (403, True)


def test_a_bad_sign_in_token_leads_to_the_password(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as stranger:
        for token in ("x", "%00", "x" * 4000, "a/b"):
            response = stranger.get(f"/login/?handoff={token}")
            assert (response.status_code, "used already" in text_of(response)) == (200, True)
            assert response.headers["referrer-policy"] == "same-origin"


def test_a_bare_address_shows_the_two_doors(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as stranger:
        page = stranger.get("/")
        assert 'href="/chat/"' in page.text
        assert 'href="/login/"' in page.text
        assert f"Workspace {workspace.slug}" in page.text
        assert workspace.origin.removeprefix("http://") in text_of(
            stranger.get("/login/")
        )  # as it must be typed


def test_another_workspaces_session_is_worth_nothing_here(
    workspace: Workspace, elsewhere: Workspace, alice: Visitor, mallory: Visitor
) -> None:
    assert alice.get("/console/").status_code == 200
    assert mallory.get("/console/").status_code == 200  # over there hers is good
    with Visitor(workspace.origin) as intruder:
        for cookie in mallory.client.cookies.jar:
            intruder.client.cookies.set(cookie.name, cookie.value or "")
        assert intruder.get("/console/").headers["location"] == "/login/?next=/console/"
        assert intruder.get("/console/live/").status_code == 302
        # and with her token in a form
        token = mallory.client.cookies.get("snug_csrf") or ""
        form = {"name": "room", "csrfmiddlewaretoken": token}
        assert intruder.send("/console/rooms/", form).status_code in (302, 403)


def test_another_workspaces_password_is_worth_nothing_here(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with sign_in_by_form(elsewhere) as mallory:
        assert mallory.get("/console/").status_code == 200
    with Visitor(workspace.origin) as intruder:
        form = {"email": elsewhere.owner_email, "password": PASSWORD}
        assert intruder.post("/login/", form).status_code == 422


def test_a_colleague_signs_in_too(workspace: Workspace) -> None:
    email = hire(workspace, "agent")
    with sign_in_by_form(workspace, email.upper(), to="/chat/") as agent:  # where they answer people
        assert agent.get("/login/").headers["location"] == agent.get("/").headers["location"] == "/chat/"
        assert "Changes are for owners and admins" in text_of(agent.get("/console/"))


@pytest.mark.parametrize("role", ["admin", "moderator"])
def test_whoever_runs_the_place_begins_in_the_console(workspace: Workspace, role: str) -> None:
    with sign_in_by_form(workspace, hire(workspace, role), to="/console/") as colleague:
        assert colleague.get("/").headers["location"] == "/console/"


def test_an_agent_comes_to_the_page_that_was_asked_for(workspace: Workspace) -> None:
    email = hire(workspace, "agent")
    with Visitor(workspace.origin) as agent:
        form = {"email": email, "password": PASSWORD, "next": "/console/profile/"}
        asked = agent.get("/login/?next=/console/profile/").text
        assert 'name="next" value="/console/profile/"' in asked
        assert agent.post("/login/", form).headers["location"] == "/console/profile/"
