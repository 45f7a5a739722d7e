"""Rooms, members, users, limits and plans: what is told of them, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.personas import Workspace
from tests.realtime.backstage import rows
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver


def test_rooms_and_members_are_told_in_the_words_of_the_api(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    hook("room.*", "member.*", "user.created")
    with workspace.api() as api:
        made = api.post("/api/v1/rooms", json={"name": "attic", "title": "The attic"}).json()
        changed = api.patch("/api/v1/rooms/attic", json={"archived": True}).json()
        api.patch("/api/v1/rooms/attic", json={"archived": False})
        joined = api.put("/api/v1/rooms/attic/members/carol").json()
        api.put("/api/v1/rooms/attic/members/carol", json={"role": "moderator"})  # is news of nothing
        api.post("/api/v1/rooms/attic/messages", json={"message": "hello", "sub": "bob"})
        api.delete("/api/v1/rooms/attic/members/carol")
        api.delete("/api/v1/rooms/attic")
    receiver.wait_for_types("room.deleted", "user.created")
    of_the_room = [each for each in receiver.received if each.type != "user.created"]
    assert [each.type for each in of_the_room] == [
        "room.created",
        "room.updated",
        "room.updated",
        "member.joined",
        "member.joined",
        "member.left",
        "room.deleted",
    ]
    created, updated, _, carol, bob, left, deleted = (each.data for each in of_the_room)
    assert created == {name: value for name, value in made.items() if name != "unread"}
    assert updated == {name: value for name, value in changed.items() if name != "unread"}
    told = {"room": "attic", "external_id": "carol", "username": "carol", "role": "member"}
    assert carol == {**told, "joined_at": joined["joined_at"]}
    assert left == {**carol, "role": "moderator"}
    assert (bob["external_id"], bob["role"], bob["room"]) == ("bob", "member", "attic")
    assert (deleted["name"], deleted["last_seq"]) == ("attic", 1)
    receiver.wait_for(lambda all_: len([each for each in all_ if each.type == "user.created"]) == 2)
    assert {each.data["external_id"] for each in receiver.of("user.created")} == {"carol", "bob"}


def test_a_new_name_is_told_and_guests_bots_and_staff_are_not_users(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    hook("user.*", "room.created")
    each: tuple[dict[str, Any], ...] = (
        {"name": "Bob"},
        {"name": "Robert", "avatar": "https://a.example/b.png"},
    )
    for claims in each:
        with workspace.http(workspace.token("bob", **claims)) as bob:
            bob.get("/api/v1/rooms").raise_for_status()
    with workspace.http() as web:
        guest = web.post("/api/v1/guests", json={"name": "Visitor"}).json()
        web.get("/api/v1/rooms", headers={"Authorization": f"Bearer {guest['token']}"}).raise_for_status()
    with workspace.http(workspace.token("vera", rooms=["vault"])) as vera:  # which is made for her
        vera.get("/api/v1/rooms/vault").raise_for_status()
    receiver.wait_for_types("room.created")
    got = receiver.wait_for(lambda all_: len(all_) == 4)
    users = [(each.type, each.data["external_id"], each.data["name"]) for each in got if "user" in each.type]
    assert users == [
        ("user.created", "bob", "Bob"),
        ("user.updated", "bob", "Robert"),
        ("user.created", "vera", ""),
    ]
    (vault,) = receiver.of("room.created")
    assert (vault.data["name"], vault.data["kind"]) == ("vault", "private")
    assert vault.data["slow_mode"] == 0


def test_whoever_is_made_changed_banned_and_deleted_over_rest_is_told_of(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    hook("user.*")
    with workspace.api() as api:
        made = api.post("/api/v1/users", json={"external_id": "bob", "name": "Bob"}).json()
        api.patch("/api/v1/users/bob", json={"name": "Robert"}).raise_for_status()
        api.post("/api/v1/users/bob/ban", json={"until": "2099-01-01T00:00:00Z", "reason": "Spam"})
        api.delete("/api/v1/users/bob").raise_for_status()
    got = receiver.wait_for(lambda all_: len(all_) == 4)
    assert [each.type for each in got] == ["user.created", "user.updated", "user.banned", "user.deleted"]
    created, updated, banned, deleted = (each.data for each in got)
    assert created == {name: made[name] for name in created}
    assert updated == {**created, "name": "Robert", "username": "Robert"}
    assert banned == {**updated, "until": "2099-01-01T00:00:00.000Z", "reason": "Spam"}
    assert deleted == {"external_id": "bob"}


def test_a_limit_that_is_reached_is_told_once(workspace: Workspace, hook: Hook, receiver: Receiver) -> None:
    from billing.actions import check_limits

    hook("limit.reached", "plan.changed")
    with workspace.api() as api:
        for n in range(19):
            api.post("/api/v1/rooms", json={"name": f"room{n}"}).raise_for_status()
    for _ in range(2):
        check_limits(workspace.tenant, datetime.now(UTC).date())
    (got,) = receiver.wait_for(len)
    assert got.data == {"limit": "rooms", "used": 20, "most": 20}
    assert owed(workspace) == ["limit.reached"]


async def test_a_commit_that_is_repeated_tells_nothing_twice(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    """The writer repeats a group whose outcome was lost: the same ids, the same changes."""
    from accounts.members import recognise
    from rooms import access
    from rooms.writing.group_commit import commit
    from rooms.writing.work import Draft, Edit
    from tenants import directory
    from tenants.database import close_pool

    hook("*")
    directory.forget()
    tenant = await directory.afind(workspace.host)
    assert tenant is not None
    bob = (await recognise(tenant, "bob", "user")).identified()
    room = await access.enter(tenant, bob, "general")
    where: dict[str, Any] = {"tenant": tenant, "room_id": room.id, "room_name": room.name}
    draft = Draft(
        **where,
        sender_id=bob.member_id,
        sender="bob",
        username="bob",
        body="once",
        client_id=None,
        reply_to=None,
        joins=True,
        id=uuid4(),
    )
    edit = Edit(**where, message_id=draft.id, body="twice")
    for _ in range(3):
        await commit([draft])
    for _ in range(3):
        await commit([edit])
    await close_pool()
    assert owed(workspace) == ["user.created", "member.joined", "message.created", "message.edited"]
    receiver.wait_for(lambda all_: len(all_) == 4, timeout=30)


def test_a_workspace_without_webhooks_writes_nothing_of_them(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "attic"}).raise_for_status()
        api.post("/api/v1/rooms/attic/messages", json={"message": "x", "sub": "bob"}).raise_for_status()
        body = {"url": "https://shop.example.com/hooks", "events": ["message.*"]}
        hook = api.post("/api/v1/webhooks", json=body).json()
        assert workspace.tenant.hooked
        api.patch(f"/api/v1/webhooks/{hook['id']}", json={"enabled": False}).raise_for_status()
        assert not workspace.tenant.hooked
    assert owed(workspace) == []
    assert not elsewhere.tenant.hooked


def test_the_writer_sends_what_it_always_sent_where_nobody_is_to_be_told(workspace: Workspace) -> None:
    from msgspec.structs import replace

    from rooms.writing import changes, messages
    from rooms.writing.work import Deletion, Draft, Edit

    for hooked in (False, True):
        where: dict[str, Any] = {
            "tenant": replace(workspace.tenant, hooked=hooked),
            "room_id": 1,
            "room_name": "x",
        }
        who: dict[str, Any] = {"sender_id": 1, "sender": "bob", "username": "bob", "client_id": None}
        draft = Draft(**where, **who, body="x", reply_to=None, joins=True)
        sent = [
            *messages.statements("t1", [draft]),
            *changes.statements("t1", Edit(**where, message_id=draft.id, body="y")),
            *changes.statements("t1", Deletion(**where, message_id=draft.id)),
        ]
        assert any(b"webhooks_" in each.text for each in sent) == hooked


def owed(workspace: Workspace) -> list[str]:
    return [type_ for (type_,) in rows(workspace, "SELECT type FROM webhooks_event ORDER BY id")]
