"""A room's page: what it shows, what it changes, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from incoming.models import IncomingWebhook
from rooms.models import Membership, Room
from tenants.context import run_in_tenant
from tests.api.calls import INCOMING, add_incoming
from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of

PAGE = "/console/rooms/cellar/"
# For owners and admins; then what moderators may do as well.
ADMINS: list[tuple[str, dict[str, Any]]] = [
    ("settings/", {"settings-title": "The cellar", "settings-slow_mode": "30"}),
    ("incoming/", {"incoming-name": "Deploys"}),
    (f"incoming/{INCOMING}/delete/", {}),
    ("archive/", {}),
    ("archive/remove/", {}),
    ("members/", {"member-external_id": "dave", "member-role": "member"}),
    ("members/bob/role/", {"role": "moderator"}),
    ("delete/", {"delete-name": "cellar"}),
]
MODERATORS: list[tuple[str, dict[str, Any]]] = [
    ("members/bob/mute/", {"for": "1h"}),
    ("members/bob/mute/remove/", {}),
    ("members/bob/remove/", {}),
]


def make_room(workspace: Workspace, kind: str = "public", *members: str, name: str = "cellar") -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": name, "kind": kind}).raise_for_status()
        for member in members:
            api.put(f"/api/v1/rooms/{name}/members/{quote(member, safe='')}").raise_for_status()


@pytest.fixture
def cellar(workspace: Workspace) -> None:
    """A public room with Bob in it, and an incoming webhook."""
    make_room(workspace, "public", "bob")
    add_incoming(workspace, "cellar")


@pytest.fixture
def api(workspace: Workspace) -> Iterator[Any]:
    with workspace.api() as client:
        yield client


def test_the_count_of_messages_says_what_it_counts(cellar: None, api: Any, alice: Visitor) -> None:
    said = api.post("/api/v1/rooms/cellar/messages", json={"message": "x"}).json()
    assert api.delete(f"/api/v1/rooms/cellar/messages/{said['message_id']}").status_code == 200
    assert re.search(r"Messages\s+1\s+since .{6,12}, deleted ones too", text_of(alice.get(PAGE)))


def stored(workspace: Workspace) -> list[Any]:
    """Everything about rooms, who is in them and what posts there."""

    def read() -> list[Any]:
        kept = (Room, Membership, IncomingWebhook)
        return [row for model in kept for row in model.objects.order_by("id").values_list()]

    found: list[Any] = run_in_tenant(workspace.tenant, read)
    return found


def change(visitor: Visitor, path: str, form: dict[str, Any]) -> Any:
    return visitor.post(PAGE + path, form, page="/console/")


@pytest.mark.usefixtures("cellar")
def test_settings_are_saved(alice: Visitor, api: Any) -> None:
    form = {"settings-title": " <i>Wine</i> & cheese ", "settings-slow_mode": "300"}
    assert change(alice, "settings/", form).headers["location"] == f"{PAGE}#settings"
    room = api.get("/api/v1/rooms/cellar").json()
    assert (room["title"], room["slow_mode"]) == ("<i>Wine</i> & cheese", 300)
    page = alice.get(PAGE)
    assert "&lt;i&gt;Wine&lt;/i&gt; &amp; cheese" in page.text
    assert "Saved." in text_of(page)
    assert "5 minutes" in text_of(page)


@pytest.mark.usefixtures("cellar")
def test_a_pace_that_the_api_set_is_kept_by_the_form(alice: Visitor, api: Any) -> None:
    api.patch("/api/v1/rooms/cellar", json={"slow_mode": 7}).raise_for_status()
    assert '<option value="7" selected>7 seconds</option>' in alice.get(PAGE).text
    assert change(alice, "settings/", {"settings-title": "", "settings-slow_mode": "7"}).status_code == 302
    assert api.get("/api/v1/rooms/cellar").json()["slow_mode"] == 7


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("settings/", {"settings-title": "t" * 121, "settings-slow_mode": "0"}, "at most 120"),
        ("settings/", {"settings-title": "a\x00", "settings-slow_mode": "0"}, "Null characters"),
        ("settings/", {"settings-title": "x", "settings-slow_mode": "8"}, "not one of"),
        ("settings/", {"settings-title": "x", "settings-slow_mode": "-1"}, "not one of"),
        ("settings/", {"settings-title": "x"}, "required"),
        ("members/", {"member-external_id": "", "member-role": "member"}, "Enter the user’s id."),
        ("members/", {"member-external_id": "a/b", "member-role": "member"}, "must not contain a slash"),
        ("members/", {"member-external_id": "staff:x", "member-role": "member"}, "must not begin with"),
        ("members/", {"member-external_id": "x" * 129, "member-role": "member"}, "at most 128"),
        ("members/", {"member-external_id": "bob", "member-role": "member"}, "a member already"),
        ("members/", {"member-external_id": "dave", "member-role": "owner"}, "not one of"),
        ("delete/", {"delete-name": "Cellar"}, "Type cellar to delete it"),
        ("delete/", {}, "Type the room’s name."),
    ],
)
def test_what_cannot_be_done_is_explained_and_changes_nothing(
    workspace: Workspace, alice: Visitor, path: str, form: dict[str, Any], words: str
) -> None:
    before = stored(workspace)
    answer = change(alice, path, form)
    assert (answer.status_code, words in text_of(answer)) == (422, True), text_of(answer)
    assert stored(workspace) == before


@pytest.mark.usefixtures("cellar")
def test_a_room_is_archived_and_opened_again(alice: Visitor, api: Any) -> None:
    assert change(alice, "archive/", {}).headers["location"] == f"{PAGE}#archive"
    assert api.get("/api/v1/rooms/cellar").json()["archived"] is True
    page = text_of(alice.get(PAGE))
    assert "The room is archived." in page
    assert "Open the room again" in page
    assert change(alice, "archive/remove/", {}).status_code == 302
    assert api.get("/api/v1/rooms/cellar").json()["archived"] is False
    assert "The room is open again." in text_of(alice.get(PAGE))


@pytest.mark.usefixtures("cellar")
def test_a_room_is_deleted_once_its_name_is_typed(alice: Visitor, api: Any) -> None:
    assert change(alice, "delete/", {"delete-name": "cellar"}).headers["location"] == "/console/#rooms"
    assert api.get("/api/v1/rooms/cellar").status_code == 404
    assert "“cellar” is deleted" in text_of(alice.get("/console/"))
    assert alice.get(PAGE).status_code == 404
    assert change(alice, "archive/", {}).status_code == 404


@pytest.mark.usefixtures("cellar")
def test_whoever_deletes_general_is_told_what_opens_it(alice: Visitor) -> None:
    assert "name another first" in text_of(alice.get("/console/rooms/general/"))
    assert "name another first" not in text_of(alice.get(PAGE))


def test_the_last_room_is_kept(alice: Visitor) -> None:
    answer = alice.post("/console/rooms/general/delete/", {"delete-name": "general"}, page="/console/")
    assert (answer.status_code, "This is your only room." in text_of(answer)) == (422, True)


@pytest.mark.usefixtures("cellar")
def test_members_are_added_given_roles_and_removed(alice: Visitor, api: Any) -> None:
    form = {"member-external_id": "da%v?e#", "member-role": "moderator"}
    assert change(alice, "members/", form).headers["location"] == f"{PAGE}#members"
    members = "/api/v1/rooms/cellar/members"
    dave = f"{members}/{quote('da%v?e#', safe='')}"
    assert api.get(dave).json()["role"] == "moderator"
    page = alice.get(PAGE)
    assert f"{PAGE}members/{quote('da%v?e#', safe='')}/remove/" in page.text
    odd = f"members/{quote('da%v?e#', safe='')}"
    for role in ("member", "owner", ""):  # what is no role changes nothing
        assert change(alice, f"{odd}/role/", {"role": role}).status_code == 302
        assert api.get(dave).json()["role"] == "member"
    assert change(alice, f"{odd}/remove/", {}).status_code == 302
    said = "da%v?e# is no longer a member. The room is public: should they come back, mute them."
    assert said in text_of(alice.get(PAGE))
    assert api.get(dave).status_code == 404
    assert change(alice, f"{odd}/remove/", {}).status_code == 404
    assert [member["external_id"] for member in api.get(members).json()["data"]] == ["bob"]


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize(("length", "seconds"), [("10m", 600), ("1h", 3_600), ("1d", 86_400), ("ever", None)])
def test_a_member_is_muted_for_a_while_and_unmuted(
    workspace: Workspace, alice: Visitor, length: str, seconds: int | None
) -> None:
    with workspace.http(workspace.token("bob")) as bob:
        messages = "/api/v1/rooms/cellar/messages"
        assert change(alice, "members/bob/mute/", {"for": length}).headers["location"] == f"{PAGE}#members"
        refused = bob.post(messages, json={"message": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "muted")
        wait = refused.headers.get("retry-after")
        assert (wait is None) == (seconds is None)
        assert wait is None or seconds is None or seconds - 30 < int(wait) <= seconds
        page = text_of(alice.get(PAGE))
        assert "bob is muted for" in page
        assert ("muted until" in page) == (seconds is not None)
        assert change(alice, "members/bob/mute/remove/", {}).status_code == 302
        assert bob.post(messages, json={"message": "x"}).status_code == 201


@pytest.mark.usefixtures("cellar")
def test_a_mute_of_no_length_mutes_nobody(workspace: Workspace, alice: Visitor) -> None:
    before = stored(workspace)
    for form in ({}, {"for": ""}, {"for": "10"}, {"for": "a\x00"}):
        assert change(alice, "members/bob/mute/", form).status_code == 302
    assert stored(workspace) == before


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize("part", ["nobody", "%00", "%FF", "%20", "x" * 5000, "%F0%9F%99%82", "..%5C", "%25"])
def test_somebody_who_is_no_member_is_404(alice: Visitor, part: str) -> None:
    for verb, form in (
        ("mute/", {"for": "1h"}), ("mute/remove/", {}), ("remove/", {}), ("role/", {"role": "member"}),
    ):  # fmt: skip
        assert change(alice, f"members/{part}/{verb}", form).status_code == 404


async def test_who_is_there_now_is_counted_and_moves(workspace: Workspace) -> None:
    with sign_in(workspace) as alice:
        page = "/console/rooms/general/"
        assert alice.get(f"{page}live/").json() == {"online": 0}
        async with (
            workspace.chat(workspace.token("bob")) as one,
            workspace.chat(workspace.token("bob"), process=1) as two,
        ):
            await one.entered()
            await two.entered()
            assert alice.get(f"{page}live/").json() == {"online": 1}
            assert "<b data-online>1</b>" in alice.get(page).text


def test_a_large_room_s_members_are_sought(workspace: Workspace, alice: Visitor) -> None:
    def fill() -> None:
        from accounts.models import Member

        room = Room.objects.get(name="general")
        people = [Member(external_id=f"user-{n}", name=f"N{n} <b>") for n in range(60)]
        for person in Member.objects.bulk_create(people):
            Membership.objects.create(room=room, member=person)

    run_in_tenant(workspace.tenant, fill)
    page = "/console/rooms/general/"
    assert "The first 50 of 60." in text_of(alice.get(page))
    found = alice.get(f"{page}?q=n59%20%3Cb")
    assert "user-59" in found.text
    assert "user-58" not in found.text
    assert "The first 50 that match." in text_of(alice.get(f"{page}?q=user-"))
    for nobody in ("zed", "%00", "%25", "_", "%FF", "x" * 500):
        assert "Nobody like that" in text_of(alice.get(f"{page}?q={nobody}")), nobody


def test_what_was_said_in_a_room_is_found_by_those_who_may_enter_it(
    workspace: Workspace, cellar: None, api: Any, alice: Visitor
) -> None:
    make_room(workspace, "direct", "bob", name="pair")
    for room in ("cellar", "pair"):
        api.post(
            f"/api/v1/rooms/{room}/messages", json={"message": f"<b>Würzburg</b> in {room}", "sub": "bob"}
        )
    page = alice.get(f"{PAGE}?find=WURZ")
    assert "&lt;b&gt;<mark>Würzburg</mark>&lt;/b&gt; in cellar" in page.text
    assert "in pair" not in page.text
    assert "Würzburg" not in alice.get("/console/rooms/pair/?find=WURZ").text  # not hers to read
    for nothing in ("zed", "%00", "%25", "'", "x" * 500, "%F0%9F%99%82"):
        assert "Nothing like that" in text_of(alice.get(f"{PAGE}?find={nothing}")), nothing


@pytest.mark.usefixtures("cellar")
def test_an_address_that_posts_is_shown_once(alice: Visitor, workspace: Workspace, api: Any) -> None:
    assert change(alice, "incoming/", {"incoming-name": " "}).status_code == 422
    made = change(alice, "incoming/", {"incoming-name": "<b>Deploys</b>"})
    assert made.headers["location"] == f"{PAGE}#incoming"
    page = alice.get(PAGE)
    assert "&lt;b&gt;Deploys&lt;/b&gt; is ready" in page.text
    (address,) = re.findall(r"https?://[^<\s]+/api/v1/incoming/snug_in_[\w-]{43}", page.text)
    assert "snug_in_" not in alice.get(PAGE).text
    with workspace.http() as anyone:
        path = f"/api/v1/incoming/{address.rpartition('/')[2]}"
        assert anyone.post(path, json={"text": "Release 4.2"}).status_code == 201
        (said,) = api.get("/api/v1/rooms/cellar/messages").json()["data"]
        assert (said["message"], said["username"]) == ("Release 4.2", "<b>Deploys</b>")
        assert (
            change(alice, f"incoming/{said['user_id'].removeprefix('bot:')}/delete/", {}).status_code == 302
        )
        assert "Its address is dead." in text_of(alice.get(PAGE))
        assert anyone.post(path, json={"text": "Release 4.3"}).status_code == 404


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize("role", ["admin", "moderator", "agent"])
@pytest.mark.parametrize(("path", "form"), ADMINS + MODERATORS)
def test_each_role_changes_what_it_may(
    workspace: Workspace, role: str, path: str, form: dict[str, Any]
) -> None:
    if "mute/remove" in path:
        with sign_in(workspace) as owner:
            change(owner, "members/bob/mute/", {"for": "1h"})
    if "archive/remove" in path:
        with sign_in(workspace) as owner:
            change(owner, "archive/", {})
    may = role == "admin" or (role == "moderator" and (path, form) in MODERATORS)
    before = stored(workspace)
    with sign_in(workspace, hire(workspace, role)) as colleague:
        page = colleague.get(PAGE)
        assert page.status_code == 200
        assert bool(re.search(f'action="{PAGE}{path}["#]', page.text)) == may
        answer = change(colleague, path, form)
    assert answer.status_code == (302 if may else 403)
    assert (stored(workspace) != before) == may


@pytest.mark.usefixtures("cellar")
def test_a_moderator_acts_on_people_and_not_on_colleagues(workspace: Workspace, api: Any) -> None:
    owner = f"members/{quote(workspace.owner_id, safe='')}"
    api.put(f"/api/v1/rooms/cellar/{owner}").raise_for_status()
    before = stored(workspace)
    with sign_in(workspace, hire(workspace, "moderator")) as mia:
        assert f"{owner}/mute/" not in mia.get(PAGE).text
        for verb, form in (("mute/", {"for": "1h"}), ("mute/remove/", {}), ("remove/", {})):
            assert change(mia, f"{owner}/{verb}", form).status_code == 404
    assert stored(workspace) == before
    with sign_in(workspace, hire(workspace, "admin")) as ada:
        assert change(ada, f"{owner}/remove/", {}).status_code == 302


@pytest.mark.parametrize(
    ("role", "listed", "opened"),
    [
        ("owner", {"public", "private", "direct", "support"}, {"public", "private", "support"}),
        ("admin", {"public", "private", "direct", "support"}, {"public", "private", "support"}),
        ("moderator", {"public", "support"}, {"public", "support"}),
        ("agent", {"public", "support"}, {"public", "support"}),
    ],
)
def test_staff_see_the_rooms_they_look_after_and_a_way_into_those_they_may_enter(
    workspace: Workspace, role: str, listed: set[str], opened: set[str]
) -> None:
    for kind in ("public", "private", "direct", "support"):
        make_room(workspace, kind, "bob", name=kind)
    with sign_in(workspace, None if role == "owner" else hire(workspace, role)) as colleague:
        page = colleague.get("/console/").text
        for kind in ("public", "private", "direct", "support"):
            assert (f"/console/rooms/{kind}/" in page) == (kind in listed)
            assert (f"/chat/?room={kind}" in page) == (kind in opened)
            room = colleague.get(f"/console/rooms/{kind}/")
            assert room.status_code == (200 if kind in listed else 404)
            assert colleague.get(f"/console/rooms/{kind}/live/").status_code == room.status_code
            assert (f"/chat/?room={kind}" in room.text) == (kind in opened)
            assert ("Only its members read this room." in room.text) == (kind in listed - opened)


def test_a_moderator_who_is_no_member_changes_nothing_in_a_room_they_may_not_enter(
    workspace: Workspace,
) -> None:
    make_room(workspace, "private", "bob")
    before = stored(workspace)
    email = hire(workspace, "moderator")
    with sign_in(workspace, email) as mia:
        for path, form in MODERATORS:
            assert change(mia, path, form).status_code == 404
        assert stored(workspace) == before

        def join() -> None:
            from accounts.models import Member

            member = Member.objects.get(email=email)
            Membership.objects.create(room=Room.objects.get(name="cellar"), member=member)

        run_in_tenant(workspace.tenant, join)
        for path, form in MODERATORS:
            assert change(mia, path, form).status_code == 302


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize(("path", "form"), ADMINS + MODERATORS)
def test_a_change_needs_a_token_and_a_session_of_this_workspace(
    workspace: Workspace, alice: Visitor, mallory: Visitor, path: str, form: dict[str, Any]
) -> None:
    before = stored(workspace)
    assert alice.send(PAGE + path, form).status_code == 403
    with Visitor(workspace.origin) as stranger:
        assert stranger.post(PAGE + path, form, page="/login/").headers["location"] == "/login/"
        stolen = mallory.client.cookies["snug_session"]
        stranger.client.cookies.set("snug_session", stolen)
        assert stranger.post(PAGE + path, form, page="/login/").headers["location"] == "/login/"
        assert stranger.get(PAGE).headers["location"] == f"/login/?next={PAGE}"
    assert change(mallory, path, form).status_code == 404  # on her own host there is no such room
    assert stored(workspace) == before
    assert change(alice, path, form).status_code == 302


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize("path", [path for path, _ in ADMINS + MODERATORS])
def test_the_address_of_a_form_leads_to_the_room(alice: Visitor, path: str) -> None:
    location = alice.get(PAGE + path).headers["location"]
    assert location == f"{PAGE}#{path.split('/', maxsplit=1)[0]}"
    assert alice.client.put(PAGE + path).status_code in (403, 405)


@pytest.mark.parametrize(
    "part", ["nowhere", "x" * 81, "%00", "a%20b", "%2F", "%FF", "x" * 10_000, "%F0%9F%99%82"]
)
def test_a_room_that_is_none_has_no_page(alice: Visitor, part: str) -> None:
    for path in ("", "live/"):
        assert alice.get(f"/console/rooms/{part}/{path}").status_code == 404
