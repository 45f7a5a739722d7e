"""Who works here: shown, given another role, removed; and by whom."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest

from accounts.models import Invitation, Member
from tenants.context import run_in_tenant
from tests.console.inviting import (
    NEW,
    TEAM,
    actions_of,
    address,
    colleagues_on,
    desk_of,
    ids_on,
    invite,
    row_of,
)
from tests.console.staff import hire, sign_in
from tests.personas import PASSWORD, Refused, Workspace
from tests.portal.visitor import Visitor, text_of

OTHERS = ("admin", "moderator", "agent")


def id_of(workspace: Workspace, email: str) -> str:
    return str(run_in_tenant(workspace.tenant, lambda: Member.objects.get(email=email).external_id))


def path_of(workspace: Workspace, email: str, verb: str) -> str:
    return f"{TEAM}{quote(id_of(workspace, email), safe='')}/{verb}/"


@pytest.fixture
def admin(workspace: Workspace) -> tuple[str, str]:
    """An admin's mail address, and the path of the buttons about them."""
    email = hire(workspace, "admin")
    return email, path_of(workspace, email, "{}")


@pytest.fixture
def agent(workspace: Workspace) -> tuple[str, str]:
    """The same of an agent."""
    email = hire(workspace, "agent")
    return email, path_of(workspace, email, "{}")


def role_of(workspace: Workspace, email: str) -> str:
    return str(run_in_tenant(workspace.tenant, lambda: Member.objects.get(email=email).role))


def may_come_in(workspace: Workspace, email: str, password: str = PASSWORD) -> bool:
    with Visitor(workspace.origin) as somebody:
        return somebody.post("/login/", {"email": email, "password": password}).status_code == 302


def test_the_team_is_shown_with_mail_role_and_since_when(workspace: Workspace, alice: Visitor) -> None:
    agent = hire(workspace, "agent")
    page = alice.get(TEAM)
    assert page.status_code == 200
    assert "Owner you" in row_of(page, workspace.owner_email)
    assert agent in row_of(page, agent)
    assert "Agent" in row_of(page, agent)
    assert "20" in row_of(page, agent)  # a year
    assert f'href="{TEAM}"' in alice.get("/console/").text


@pytest.mark.parametrize("role", ["moderator", "agent"])
def test_who_does_not_administer_sees_and_changes_nothing_of_it(workspace: Workspace, role: str) -> None:
    other = hire(workspace, "admin")
    with sign_in(workspace, hire(workspace, role)) as nosy, sign_in(workspace) as alice:
        assert nosy.get(TEAM).status_code == 403
        assert f'href="{TEAM}"' not in nosy.get("/console/").text
        form = {"invite-email": address(workspace), "invite-role": "agent"}
        assert nosy.post(TEAM, form, page="/console/").status_code == 403
        assert invite(alice, address(workspace)).status_code == 302
        [invitation] = ids_on(alice.get(TEAM))
        paths = [f"{TEAM}invitations/{invitation}/{verb}/" for verb in ("again", "withdraw")]
        paths += [path_of(workspace, other, verb) for verb in ("role", "remove")]
        for path in paths:
            assert nosy.post(path, {"role": "agent"}, page="/console/").status_code == 403
        assert ids_on(alice.get(TEAM)) == [invitation]
        assert role_of(workspace, other) == "admin"
        for path in paths:  # the same, by whom it is for
            assert alice.post(path, {"role": "agent"}, page=TEAM).status_code == 302


def test_strangers_are_led_to_the_door(workspace: Workspace) -> None:
    with Visitor(workspace.origin) as nobody:
        assert nobody.get(TEAM).headers["location"] == f"/login/?next={TEAM}"


def test_mallorys_people_and_invitations_are_not_ours(
    workspace: Workspace, alice: Visitor, elsewhere: Workspace, mallory: Visitor
) -> None:
    agent = hire(workspace, "agent")
    invite(alice, address(workspace))
    [invitation] = ids_on(alice.get(TEAM))
    paths = [f"{TEAM}invitations/{invitation}/withdraw/", path_of(workspace, agent, "remove")]
    for path in paths:
        assert mallory.post(path, {}, page=TEAM).status_code in (302, 404)
    assert may_come_in(workspace, agent)
    assert ids_on(alice.get(TEAM)) == [invitation]
    assert agent not in mallory.get(TEAM).text
    for path in paths:
        assert alice.post(path, {}, page=TEAM).status_code == 302
    assert not may_come_in(workspace, agent)
    assert ids_on(alice.get(TEAM)) == []


def test_the_owner_makes_an_agent_an_admin_and_back(workspace: Workspace, alice: Visitor) -> None:
    agent = hire(workspace, "agent")
    path = path_of(workspace, agent, "role")
    with sign_in(workspace, agent) as bea:
        assert bea.get(TEAM).status_code == 403
        assert alice.post(path, {"role": "admin"}, page=TEAM).headers["location"] == f"{TEAM}#team"
        assert "is admin now" in text_of(alice.get(TEAM))
        assert bea.get(TEAM).status_code == 200
        alice.post(path, {"role": "agent"}, page=TEAM)
        assert bea.get(TEAM).status_code == 403
    entries = actions_of(workspace, "staff.role_changed")
    assert [entry["details"] for entry in entries] == [
        {"role": "agent", "before": "admin"},
        {"role": "admin", "before": "agent"},
    ]
    assert {entry["actor"] for entry in entries} == {workspace.owner_id}
    assert "changed a colleague’s role" in text_of(alice.get("/console/activity/"))


@pytest.mark.parametrize("role", ["owner", "", "king", "admin\x00"])
def test_nobody_is_made_what_there_is_not(workspace: Workspace, alice: Visitor, role: str) -> None:
    agent = hire(workspace, "agent")
    assert alice.post(path_of(workspace, agent, "role"), {"role": role}, page=TEAM).status_code == 403
    assert role_of(workspace, agent) == "agent"


@pytest.mark.parametrize("verb", ["role", "remove"])
def test_nobody_touches_the_owner_nor_themselves(workspace: Workspace, alice: Visitor, verb: str) -> None:
    admin = hire(workspace, "admin")
    owners = path_of(workspace, workspace.owner_email, verb)
    with sign_in(workspace, admin) as ada:
        assert ada.post(owners, {"role": "agent"}, page=TEAM).status_code == 403
        assert ada.post(path_of(workspace, admin, verb), {"role": "agent"}, page=TEAM).status_code == 403
    assert alice.post(owners, {"role": "agent"}, page=TEAM).status_code == 403
    assert role_of(workspace, workspace.owner_email) == "owner"
    assert role_of(workspace, admin) == "admin"


@pytest.mark.parametrize("verb", ["role", "remove"])
def test_an_admin_does_not_touch_another_admin(workspace: Workspace, alice: Visitor, verb: str) -> None:
    admin, agent = hire(workspace, "admin"), hire(workspace, "agent")
    with sign_in(workspace, admin) as ada:
        assert alice.post(path_of(workspace, agent, "role"), {"role": "admin"}, page=TEAM).status_code == 302
        path = path_of(workspace, agent, verb)
        assert ada.post(path, {"role": "moderator"}, page=TEAM).status_code == 403
        assert colleagues_on(ada.get(TEAM)) == []
        assert role_of(workspace, agent) == "admin"
        alice.post(path_of(workspace, agent, "role"), {"role": "agent"}, page=TEAM)
        assert ada.post(path, {"role": "moderator"}, page=TEAM).status_code == 302


def test_an_admin_makes_no_admin(workspace: Workspace, alice: Visitor) -> None:
    agent, path = hire(workspace, "agent"), "role"
    path = path_of(workspace, agent, "role")
    with sign_in(workspace, hire(workspace, "admin")) as ada:
        assert ada.post(path, {"role": "admin"}, page=TEAM).status_code == 403
        assert 'value="admin"' not in ada.get(TEAM).text
        assert ada.post(path, {"role": "moderator"}, page=TEAM).status_code == 302
    assert role_of(workspace, agent) == "moderator"
    assert 'value="admin"' in alice.get(TEAM).text


async def test_open_chats_do_not_keep_an_old_role(
    workspace: Workspace, alice: Visitor, admin: tuple[str, str]
) -> None:
    email, path = admin
    with sign_in(workspace, email) as ada, workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "vault", "kind": "private"}).raise_for_status()
        options = desk_of(workspace, ada, 1)
        async with workspace.chat(None, "vault", **options) as socket:
            await socket.entered()
            alice.post(path.format("role"), {"role": "agent"}, page=TEAM)
            assert await socket.closed(2) == 4001
        async with workspace.chat(None, **options) as socket:  # and where agents may be, they are again
            await socket.entered()
        refused = await workspace.connect(None, "vault", **options)
        assert await refused.closed() == 4003


async def test_a_removed_colleague_is_out_at_once_everywhere(
    workspace: Workspace, alice: Visitor, agent: tuple[str, str]
) -> None:
    email, path = agent[0], agent[1].format("remove")
    staff_id = unquote(path.split("/")[3])
    with sign_in(workspace, email) as bea, workspace.api() as api:
        desks = [desk_of(workspace, bea, process) for process in (0, 1)]
        sockets = [await workspace.connect(None, **desk) for desk in desks]
        for socket in sockets:
            await socket.entered()
        await sockets[0].say("Good morning.")
        api.put(f"/api/v1/rooms/general/members/{quote(staff_id, safe='')}")
        assert alice.post(path, {}, page=TEAM).headers["location"] == f"{TEAM}#team"
        assert [await socket.closed(2) for socket in sockets] == [4001, 4001]
        assert bea.get("/console/").headers["location"] == "/login/?next=/console/"
        assert bea.get("/api/v1/rooms").status_code == 401
        with pytest.raises(Refused) as refused:
            await workspace.connect(None, snug=False, **desks[0])
        assert refused.value.code == 4001
        assert not may_come_in(workspace, email)
        said = api.get("/api/v1/rooms/general/messages").json()["data"][0]
        assert (said["message"], said["username"], said["user_id"]) == ("Good morning.", "agent", staff_id)
        listed = api.get("/api/v1/rooms/general/members").json()["data"]
        assert staff_id not in [member["external_id"] for member in listed]
    page = alice.get(TEAM)
    assert email not in page.text
    assert "is no longer on the team" in text_of(page)
    assert alice.post(path, {}, page=TEAM).status_code == 404  # somebody was quicker
    [entry] = actions_of(workspace, "staff.removed")
    assert (entry["actor"], entry["object"], entry["details"]) == (
        workspace.owner_id,
        staff_id,
        {"role": "agent"},
    )


def test_no_link_of_a_removed_colleague_leads_back(workspace: Workspace, alice: Visitor) -> None:
    from accounts.actions import make_handoff, make_password_reset

    agent = hire(workspace, "agent")

    def links() -> tuple[str, str]:
        member = Member.objects.get(email=agent)
        return make_password_reset(member), make_handoff(member)

    reset, handoff = run_in_tenant(workspace.tenant, links)
    with Visitor(workspace.origin) as bea:
        assert bea.get(f"/login/reset/{reset}/").status_code == 200
        alice.post(path_of(workspace, agent, "remove"), {}, page=TEAM)
        assert bea.get(f"/login/reset/{reset}/").status_code == 410
        assert bea.post(f"/login/reset/{reset}/", {"password": NEW}, page="/login/").status_code == 410
        assert "used already" in text_of(bea.get(f"/login/?handoff={handoff}"))
        assert bea.get("/console/").status_code == 302


@pytest.mark.parametrize("verb", ["remove", "role"])
def test_who_may_no_longer_invite_has_invited_nobody(workspace: Workspace, alice: Visitor, verb: str) -> None:
    admin = hire(workspace, "admin")
    with sign_in(workspace, admin) as ada:
        invite(ada, address(workspace, "friend"))
        invite(alice, address(workspace, "bea"))
        assert len(ids_on(alice.get(TEAM))) == 2
        alice.post(path_of(workspace, admin, verb), {"role": "moderator"}, page=TEAM)
    left = run_in_tenant(workspace.tenant, lambda: [each.email for each in Invitation.objects.all()])
    assert left == [address(workspace, "bea")]
    [entry] = actions_of(workspace, "invitation.withdrawn")
    assert entry["details"]["email"] == address(workspace, "friend")


def test_names_as_long_and_strange_as_may_be_are_shown_as_text(workspace: Workspace, alice: Visitor) -> None:
    agent = hire(workspace, "agent")

    def rename() -> None:
        Member.objects.filter(email=agent).update(name="<b>Bea</b>" + "W" * 60)

    run_in_tenant(workspace.tenant, rename)
    assert "&lt;b&gt;Bea&lt;/b&gt;" in alice.get(TEAM).text
    for path in (f"{TEAM}staff%3A%00/remove/", f"{TEAM}nobody/role/", f"{TEAM}bob/remove/"):
        assert alice.post(path, {"role": "agent"}, page=TEAM).status_code == 404


def test_users_and_bots_are_no_colleagues(workspace: Workspace, alice: Visitor) -> None:
    with workspace.api() as api:
        api.post("/api/v1/users", json={"external_id": "bob"}).raise_for_status()
        assert api.get("/api/v1/users/bob").status_code == 200
    for path in (f"{TEAM}bob/remove/", f"{TEAM}bob/role/"):
        assert alice.post(path, {"role": "agent"}, page=TEAM).status_code == 404


def test_a_suspended_workspace_has_no_such_page(workspace: Workspace, alice: Visitor) -> None:
    from tenants.actions import set_state

    assert alice.get(TEAM).status_code == 200
    set_state(workspace.tenant.id, "suspended")
    answers = [alice.get(path).status_code for path in (TEAM, "/console/profile/", "/invite/x/")]
    assert answers == [402, 402, 402]
