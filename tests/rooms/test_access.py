"""Who may enter which room: docs/decisions/who-enters-a-room.md, tried on every door there is."""

import itertools
from typing import NamedTuple

import httpx
import pytest

from accounts.identity import Identity
from accounts.models import Member
from realtime.events import ErrorCode
from rooms import access
from rooms.access import RoomRecord
from rooms.models import Membership, Room
from rooms.texts import Refused
from tenants.context import run_in_tenant
from tests.console.staff import hire, sign_in
from tests.personas import Refused as SocketRefused
from tests.personas import Workspace
from tests.rooms.conftest import Someone, Speaker

# The decision's table: who enters rooms of which kind without being a member.
TABLE = {
    "public": {"user", "guest", "agent", "moderator", "admin", "owner", "bot"},
    "support": {"agent", "moderator", "admin", "owner", "bot"},
    "private": {"admin", "owner", "bot"},
    "direct": {"bot"},
}
STAFF = ("owner", "admin", "moderator", "agent")
PEOPLE = ("user", "guest", *STAFF, "bot")


class Visitor(NamedTuple):
    """Who it is, what they send by HTTP, and the token with which they open sockets where that is not the same."""

    who: str
    headers: dict[str, str]
    token: str | None


def identity_of(who: str, member_id: int = 1, **more: object) -> Identity:
    kind, role = ("staff", who) if who in STAFF else (who, "")
    return Identity(
        member_id=member_id,
        external_id=f"{who}-{member_id}",
        username=who,
        kind=kind,
        role=role,
        **more,  # type: ignore[arg-type]
    )


def record(kind: str, *, is_member: bool) -> RoomRecord:
    return RoomRecord(1, kind, kind, False, is_member)


@pytest.mark.parametrize(("kind", "who"), list(itertools.product(TABLE, PEOPLE)))
def test_the_table_and_the_rule_are_one(kind: str, who: str) -> None:
    assert access.may_enter(identity_of(who), record(kind, is_member=False)) == (who in TABLE[kind])
    assert access.may_enter(identity_of(who), record(kind, is_member=True))
    for is_member in (True, False):  # the token's rooms are exactly those, whatever else would hold
        room = record(kind, is_member=is_member)
        assert access.may_enter(identity_of(who, rooms=frozenset([kind])), room)
        assert not access.may_enter(identity_of(who, rooms=frozenset(["another"])), room)
        assert not access.may_enter(identity_of(who, rooms=frozenset()), room)


def test_the_list_of_rooms_is_those_that_one_may_enter(workspace: Workspace) -> None:
    def compare() -> None:
        Room.objects.all().delete()
        rooms = [
            Room.objects.create(name=f"{kind}-{joined}", kind=kind)
            for kind in TABLE
            for joined in ("mine", "other", "empty")
        ]
        other = Member.objects.create(external_id="other")
        for who in PEOPLE:
            me = Member.objects.create(external_id=f"me-{who}")
            for room in rooms:
                if not room.name.endswith("empty"):
                    Membership.objects.create(room=room, member=me if room.name.endswith("mine") else other)
            for claim in (None, frozenset[str](), frozenset(["private-other", "public-mine", "nowhere"])):
                identity = identity_of(who, me.pk, rooms=claim)
                expected = [
                    room.name
                    for room in rooms
                    if access.may_enter(
                        identity,
                        RoomRecord(room.pk, room.name, room.kind, False, room.name.endswith("mine")),
                    )
                ]
                listed = Room.objects.filter(access.open_to(identity)).order_by("id")
                assert [room.name for room in listed] == expected, (who, claim)
            Membership.objects.all().delete()

    run_in_tenant(workspace.tenant, compare)


@pytest.fixture(params=PEOPLE)
def visitor(workspace: Workspace, request: pytest.FixtureRequest) -> Visitor:
    """Somebody of each kind, a member of nothing."""
    who: str = request.param
    if who in STAFF:
        with sign_in(workspace, None if who == "owner" else hire(workspace, who)) as browser:
            session = browser.client.cookies["snug_session"]
        return Visitor(who, {"Cookie": f"snug_session={session}"}, None)
    if who == "bot":
        return Visitor(who, {"Authorization": f"Bearer {workspace.secret}"}, None)
    token = workspace.token("charlie")
    if who == "guest":
        with workspace.http() as client:
            token = client.post("/api/v1/guests").json()["token"]
    return Visitor(who, {"Authorization": f"Bearer {token}"}, token)


async def test_every_door_keeps_to_the_table(workspace: Workspace, visitor: Visitor) -> None:
    with workspace.api() as api:
        for kind in TABLE:
            assert api.post("/api/v1/rooms", json={"name": kind, "kind": kind}).status_code == 201
    allowed = {kind for kind in TABLE if visitor.who in TABLE[kind]}
    with workspace.http() as client:
        client.headers.update(visitor.headers)
        listed = {room["name"] for room in client.get("/api/v1/rooms").json()["data"]} - {"general"}
        assert listed == allowed
        for path in ("rooms/{}", "rooms/{}/messages", "presence/{}"):
            entered = {kind for kind in TABLE if _ok(client.get(f"/api/v1/{path.format(kind)}"))}
            assert entered == allowed, path
    closed = {kind: await _closed(workspace, visitor, kind) for kind in TABLE}
    assert closed == {kind: None if kind in allowed else 4003 for kind in TABLE}


async def _closed(workspace: Workspace, visitor: Visitor, room: str) -> int | None:
    """The code with which a socket to the room is refused; None where it is let in."""
    try:
        socket = await workspace.connect(
            visitor.token, room, snug=False, origin=workspace.origin, headers=visitor.headers
        )
    except SocketRefused as refused:
        return refused.code
    await socket.entered()
    await socket.close()
    return None


def _ok(answer: httpx.Response) -> bool:
    assert answer.status_code in (200, 403), answer.text
    return answer.status_code == 200


@pytest.mark.parametrize("kind", ["private", "direct", "support"])
async def test_rooms_that_are_not_public_are_for_members(
    workspace: Workspace, someone: Speaker, kind: str
) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "closed", "kind": kind}).raise_for_status()
        api.put("/api/v1/rooms/closed/members/bob").raise_for_status()
    assert (await (await someone(workspace, "bob")).enter("closed")).is_member
    await _refused(await someone(workspace, "charlie"), "closed", ErrorCode.FORBIDDEN)
    # The tenant's word in the token stands above membership.
    assert not (await (await someone(workspace, "charlie", rooms=["closed"])).enter("closed")).is_member


async def test_a_token_with_rooms_opens_these_and_no_other(workspace: Workspace, someone: Speaker) -> None:
    bob = await someone(workspace, "bob", rooms=["mine"])
    assert (await bob.enter("mine")).kind == "private"
    assert (await bob.enter("mine")).id == (await bob.enter("mine")).id
    await _refused(bob, "general", ErrorCode.FORBIDDEN)
    await _refused(await someone(workspace, "bob", rooms=[]), "general", ErrorCode.FORBIDDEN)
    await _refused(await someone(workspace, "bob"), "nowhere", ErrorCode.NOT_FOUND)


async def test_vouched_rooms_count_against_the_plan(workspace: Workspace, someone: Speaker) -> None:
    names = [f"room-{n}" for n in range(20)]
    bob = await someone(workspace, "bob", rooms=names)
    for name in names[:19]:  # with general these are the plan's twenty
        await bob.enter(name)
    await _refused(bob, names[19], ErrorCode.FORBIDDEN)


async def test_the_same_name_elsewhere_is_another_room(
    workspace: Workspace, elsewhere: Workspace, someone: Speaker
) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
        api.put("/api/v1/rooms/board/members/bob").raise_for_status()
    await (await someone(workspace, "bob")).enter("board")
    await _refused(await someone(elsewhere, "bob"), "board", ErrorCode.NOT_FOUND)


async def _refused(who: Someone, room: str, code: ErrorCode) -> None:
    with pytest.raises(Refused) as refused:
        await who.enter(room)
    assert refused.value.code is code
