"""Every administrative action is kept: who, what, to what, from where; with the change or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.db import transaction

from accounts import actions
from accounts.actions import create_api_key
from accounts.models import Member
from audit import acting
from audit.kinds import Action
from audit.models import AuditEntry
from audit.records import record
from console.activity import WORDS
from ops.local.stripe import StripeStandIn
from rooms.actions import RoomExists, create_room
from tenants.context import run_in_tenant
from tests.billing.buyer import Buyer
from tests.console.staff import hire, sign_in
from tests.personas import Workspace

HERE = "127.0.0.1"


def entries(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    """All that is kept, the latest first, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = client.get("/api/v1/audit", params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


@pytest.fixture
def api(workspace: Workspace) -> Iterator[httpx.Client]:
    with workspace.api() as client:
        yield client


def test_a_new_workspace_begins_with_what_snug_did_for_it(api: httpx.Client) -> None:
    said = [(entry["actor"], entry["action"], entry["address"]) for entry in entries(api)]
    assert said == [
        ("snug", "room.created", None),
        ("snug", "key.created", None),
        ("snug", "staff.created", None),
    ]


def test_what_a_key_does_is_kept_with_the_key_and_where_it_came_from(
    workspace: Workspace, api: httpx.Client
) -> None:
    steps: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", "rooms", {"name": "kitchen", "title": "The kitchen"}),
        ("PATCH", "rooms/kitchen", {"slow_mode": 5}),
        ("PUT", "rooms/kitchen/members/bob", None),
        ("PUT", "rooms/kitchen/members/bob", {"role": "moderator"}),
        ("PUT", "rooms/kitchen/members/bob", {"muted_until": "2040-01-01T00:00:00Z"}),
        ("PUT", "rooms/kitchen/members/bob", {"muted_until": None}),
        ("DELETE", "rooms/kitchen/members/bob", None),
        ("DELETE", "rooms/kitchen", None),
    ]
    for method, path, body in steps:
        assert api.request(method, f"/api/v1/{path}", json=body).is_success
    mine = [entry for entry in reversed(entries(api)) if entry["actor"] != "snug"]
    assert [(entry["action"], entry["object"], entry["details"]) for entry in mine] == [
        ("room.created", "kitchen", {"kind": "public", "title": "The kitchen"}),
        ("room.changed", "kitchen", {"slow_mode": 5}),
        ("member.added", "bob", {"room": "kitchen", "role": "member"}),
        ("member.changed", "bob", {"room": "kitchen", "role": "moderator"}),
        ("member.muted", "bob", {"room": "kitchen", "until": "2040-01-01T00:00:00.000Z"}),
        ("member.unmuted", "bob", {"room": "kitchen"}),
        ("member.removed", "bob", {"room": "kitchen"}),
        ("room.deleted", "kitchen", {"kind": "public", "title": "The kitchen", "messages": 0}),
    ]
    assert {(entry["actor"], entry["address"]) for entry in mine} == {(f"bot:{workspace.key_id}", HERE)}


def test_what_changes_nothing_is_not_kept(api: httpx.Client) -> None:
    api.put("/api/v1/rooms/general/members/bob", json={"role": "member"})
    before = entries(api)
    assert api.put("/api/v1/rooms/general/members/bob").status_code == 200
    assert api.patch("/api/v1/rooms/general", json={}).status_code == 200
    assert api.post("/api/v1/rooms", json={"name": "general"}).status_code == 409
    assert api.delete("/api/v1/rooms/general/members/nobody").status_code == 404
    assert entries(api) == before


def test_what_staff_do_in_the_console_is_theirs(workspace: Workspace, api: httpx.Client) -> None:
    with sign_in(workspace) as alice:
        alice.post("/console/keys/", {"key-name": "Shop", "key-access": "all"}, page="/console/")
        alice.post("/console/origins/", {"origins": "https://shop.example"}, page="/console/")
        alice.post("/console/origins/", {"origins": "https://shop.example"}, page="/console/")  # as it was
        alice.post("/console/rooms/", {"room-name": "orders", "room-kind": "private"}, page="/console/")
        alice.post(f"/console/keys/{workspace.key_id}/revoke/", {}, page="/console/")
    another = run_in_tenant(workspace.tenant, create_api_key, "Another")[1]
    with workspace.http(another) as other:
        mine = [entry for entry in reversed(entries(other)) if entry["actor"] == workspace.owner_id]
    assert [entry["action"] for entry in mine] == [
        "key.created",
        "origins.changed",
        "room.created",
        "key.revoked",
    ]
    assert mine[1]["details"] == {"added": ["https://shop.example"], "removed": []}
    assert mine[3]["object"] == workspace.key_id
    assert all(entry["address"].startswith("127.") for entry in mine)


async def test_whoever_deletes_what_another_said_is_kept_and_once(workspace: Workspace) -> None:
    with workspace.api() as api:
        for sub in ("bob", "bob", "mona"):
            api.post("/api/v1/rooms/general/messages", json={"message": "first", "sub": sub})
        api.put("/api/v1/rooms/general/members/mona", json={"role": "moderator"})
        ids = [each["message_id"] for each in api.get("/api/v1/rooms/general/messages").json()["data"]]
        monas, bobs, other = ids
        async with workspace.chat(workspace.token("mona")) as mona:
            await mona.entered()
            for message_id in (bobs, monas):
                await mona.send("delete_message", message_id=message_id)
                await mona.until("message_deleted", message_id=message_id)
            await mona.send("delete_message", message_id=bobs)  # again
            await mona.until("message_deleted", message_id=bobs)
        assert api.delete(f"/api/v1/rooms/general/messages/{other}").status_code == 200
        by_key, by_mona = entries(api, action="message.deleted")
    assert (by_mona["actor"], by_mona["object"], by_mona["address"]) == ("mona", bobs, HERE)
    assert by_mona["details"] == {"room": "general", "seq": 2, "sender": "bob"}
    assert (by_key["actor"], by_key["object"]) == (f"bot:{workspace.key_id}", other)
    assert by_key["address"] == HERE
    assert "first" not in json.dumps([by_key, by_mona])


def test_a_change_that_is_taken_back_takes_its_record_along(workspace: Workspace, api: httpx.Client) -> None:
    before = entries(api)

    def undone() -> None:
        with transaction.atomic():
            create_room("lost", "public", "", workspace.tenant.limits)
            transaction.set_rollback(True)

    run_in_tenant(workspace.tenant, undone)
    with pytest.raises(RoomExists):
        run_in_tenant(workspace.tenant, create_room, "general", "public", "", workspace.tenant.limits)
    assert entries(api) == before


def test_nothing_is_recorded_outside_the_transaction_of_a_change(workspace: Workspace) -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        run_in_tenant(workspace.tenant, record, Action.ROOM_CREATED, "general")


def test_who_acts_in_one_request_does_not_act_in_the_next() -> None:
    with acting.a_request():
        acting.identify("staff:alice", HERE)
        with acting.a_request():
            assert acting.current() == ("snug", "")
        assert acting.current() == ("staff:alice", HERE)
    assert acting.current() == ("snug", "")


def test_a_new_password_is_the_doing_of_whoever_held_the_link(
    workspace: Workspace, api: httpx.Client
) -> None:
    def reset() -> None:
        owner = Member.objects.get(role="owner")
        actions.reset_password(actions.make_password_reset(owner), "another horse, another staple")

    run_in_tenant(workspace.tenant, reset)
    (entry,) = entries(api, action="staff.password_changed")
    assert entry["actor"] == entry["object"] == workspace.owner_id


def test_tokens_that_are_revoked_are_kept(workspace: Workspace, api: httpx.Client) -> None:
    api.put("/api/v1/rooms/general/members/bob")
    run_in_tenant(workspace.tenant, lambda: actions.revoke_tokens(Member.objects.get(external_id="bob")))
    (entry,) = entries(api, action="tokens.revoked")
    assert entry["object"] == "bob"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["details"]["before"])


def test_a_room_that_a_token_makes_is_kept_as_its_users_doing(
    workspace: Workspace, api: httpx.Client
) -> None:
    for _ in range(2):
        with workspace.http(workspace.token("bob", rooms=["order-17"])) as bob:
            assert bob.get("/api/v1/rooms/order-17/messages").status_code == 200
        entry, opening = entries(api, action="room.created")
    assert (entry["actor"], entry["object"]) == ("bob", "order-17")
    assert (opening["actor"], opening["object"]) == ("snug", "general")
    assert entry["details"] == {"kind": "private", "title": ""}


def test_a_plan_that_billing_changes_is_kept(
    workspace: Workspace, api: httpx.Client, stripe: StripeStandIn
) -> None:
    Buyer(workspace, stripe).live_by_a_clock().buy("pro")
    (entry,) = entries(api, action="plan.changed")
    assert (entry["object"], entry["details"]) == ("pro", {"before": "free", "state": "active"})


def test_pages_neither_skip_nor_repeat_while_more_is_done(api: httpx.Client) -> None:
    for n in range(9):
        api.post("/api/v1/rooms", json={"name": f"r{n}"})
    wanted = [entry["id"] for entry in entries(api)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        page = api.get("/api/v1/audit", params=params).json()
        seen += [entry["id"] for entry in page["data"]]
        cursor = page["next"]
        api.patch("/api/v1/rooms/general", json={"slow_mode": len(seen)})
    assert seen == wanted


def test_what_nobody_did_fits_nothing(workspace: Workspace, api: httpx.Client) -> None:
    assert entries(api, actor="bot:key_none") == entries(api, action="no.such") == []
    assert entries(api, actor="a\x00b") == []
    key = f"bot:{workspace.key_id}"
    api.post("/api/v1/rooms", json={"name": "one"})
    (entry,) = entries(api, actor=key, action="room.created")
    assert entry["object"] == "one"
    assert entries(api, actor=key, action="room.deleted") == []


def test_no_secret_is_ever_kept(workspace: Workspace, api: httpx.Client) -> None:
    _, secret, signing = run_in_tenant(workspace.tenant, create_api_key, "Shop")
    whole = json.dumps(entries(api))
    for each in (secret, signing, workspace.secret, workspace.signing_secret):
        assert each not in whole
        assert each[18:] not in whole


def test_another_workspaces_record_is_not_this_ones(
    workspace: Workspace, elsewhere: Workspace, api: httpx.Client
) -> None:
    api.post("/api/v1/rooms", json={"name": "secret-garden"})
    assert entries(api, action="room.created")[0]["object"] == "secret-garden"
    with elsewhere.api() as mallory:
        assert [entry["object"] for entry in entries(mallory, action="room.created")] == ["general"]


def test_the_page_shows_owners_and_admins_what_was_done(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "kitchen"})
    with sign_in(workspace) as alice:
        page = alice.get("/console/activity/").text
        assert "made a room" in page
        assert "kitchen" in page
        assert "kitchen" not in alice.get("/console/activity/?action=key.created").text
        assert "Nothing that was done fits" in alice.get("/console/activity/?actor=nobody").text
        for odd in ("before=x", "before=9999999999999999999", "actor=%00", "actor=%FF", "action=%27"):
            assert alice.get(f"/console/activity/?{odd}").status_code == 200
    for role, status in (("admin", 200), ("moderator", 403), ("agent", 403)):
        with sign_in(workspace, hire(workspace, role)) as colleague:
            assert colleague.get("/console/activity/").status_code == status


def test_the_page_names_colleagues_those_who_were_removed_too(workspace: Workspace) -> None:
    def shown(page: str) -> list[tuple[str, str]]:
        return re.findall(
            r"(?:removed|added) a colleague <bdi>([^<]+)</bdi> <code[^>]*><bdi>(staff:\w+)<", page
        )

    email = hire(workspace, "agent")
    bea = run_in_tenant(workspace.tenant, lambda: Member.objects.get(email=email).external_id)
    with sign_in(workspace) as alice:
        alice.post(f"/console/team/{bea}/remove/", {}, page="/console/team/")
        page = alice.get("/console/activity/").text
    assert shown(page) == [("agent", bea), ("agent", bea), ("alice", workspace.owner_id)]
    assert email not in page  # the address went with them


def test_what_a_rule_was_changed_to_is_told_in_words(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/filters", json={"kind": "word", "pattern": "heck", "action": "mask"})
        api.patch("/api/v1/moderation", json={"repeats": {"most": 3, "seconds": 60}})
    with sign_in(workspace) as alice:
        page = alice.get("/console/activity/").text
    assert "changed how messages are moderated" in page
    assert "repeats: most 3, seconds 60" in page
    assert '<option value="filter.created">Made a filter</option>' in page


def test_the_page_turns(workspace: Workspace) -> None:
    def fill() -> None:
        AuditEntry.objects.bulk_create(
            AuditEntry(actor="snug", action=Action.ROOM_CREATED, object=f"room-{n:03}") for n in range(120)
        )

    run_in_tenant(workspace.tenant, fill)
    seen: list[str] = []
    with sign_in(workspace) as alice:
        path: str | None = "/console/activity/"
        while path:
            page = alice.get(path).text
            seen += re.findall(r"<bdi>(room-\d+)</bdi>", page)
            older = re.search(r'href="(\?before=\d+)">Older', page)
            path = f"/console/activity/{older[1]}" if older else None
    assert seen == [f"room-{n:03}" for n in reversed(range(120))]


def test_every_action_has_words_for_people() -> None:
    assert set(WORDS) == set(Action)
