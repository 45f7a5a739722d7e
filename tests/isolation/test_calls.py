"""Every call of the API, made by Mallory on her own host with our names and ids. On ours: tests/api/test_mallory.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ops.local import Stack
from tests.api.calls import (
    CALLS,
    DELIVERY,
    FILE,
    WEBHOOK,
    Call,
    add_incoming,
    add_report,
    add_rules,
    add_spare_key,
    furnish_file,
    furnish_webhook,
    where_it_works,
)
from tests.isolation.pages import contents
from tests.personas import Workspace, open_workspace

Open = Callable[..., Workspace]
IN_A_ROOM = [
    replace(call, path=call.path.replace("/general", "/attic")) for call in CALLS if "/general" in call.path
]


def furnished(workspace: Workspace, room: str) -> str:
    """Let Carol into a room, with something to say that only she says here; the message's id."""
    add_spare_key(workspace)
    with workspace.api() as client:
        client.post(
            "/api/v1/rooms", json={"name": "attic", "kind": "public", "title": f"Attic of {workspace.slug}"}
        )
        client.put(f"/api/v1/rooms/{room}/members/carol").raise_for_status()
        client.post(
            "/api/v1/tokens", json={"sub": "carol", "name": f"Carol of {workspace.slug}"}
        ).raise_for_status()
        said = client.post(
            f"/api/v1/rooms/{room}/messages", json={"message": f"in {workspace.slug}", "sub": "carol"}
        )
        said.raise_for_status()
        furnish_webhook(workspace)
        furnish_file(workspace)
        add_incoming(workspace, room)
        add_report(workspace, room)
        add_rules(workspace)
        return str(said.json()["message_id"])


@pytest.fixture(scope="module")
def hers(stack: Stack) -> Workspace:
    """Mallory's workspace, for all the requests that change nothing there."""
    return open_workspace(tuple(stack.web_ports))


@pytest.fixture(scope="module")
def ours(stack: Stack) -> tuple[Workspace, str]:
    """A furnished workspace, for all the calls that change nothing anywhere; and the message's id."""
    workspace = open_workspace(tuple(stack.web_ports), plan="pro")
    return workspace, furnished(workspace, "general")


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_the_same_names_on_her_own_host_are_her_own(
    new_workspace: Open, ours: tuple[Workspace, str], hers: Workspace, call: Call
) -> None:
    if call.method == "GET":
        (workspace, message_id), elsewhere = ours, hers
    else:
        workspace, elsewhere = where_it_works(call, new_workspace(plan="pro")), new_workspace()
        message_id = furnished(workspace, "general")
    before = contents(workspace)
    for credential in (
        elsewhere.secret,
        elsewhere.token("carol"),
        elsewhere.token("mallory", rooms=["general"]),
    ):
        with elsewhere.http(credential) as mallory:
            answer = call.send(mallory, message_id)
        assert workspace.slug not in answer.text
        assert answer.status_code < 500
        if "{message_id}" in call.path or FILE in call.path:
            assert answer.status_code == 404
        if WEBHOOK in call.path or DELIVERY in call.path:
            assert answer.status_code == (404 if credential == elsewhere.secret else 401)
    assert contents(workspace) == before
    with workspace.api() as alice:
        answer = call.send(alice, message_id)
        assert answer.status_code == call.status, answer.text


@pytest.mark.parametrize("call", IN_A_ROOM, ids=str)
def test_a_room_of_ours_is_not_on_her_host(new_workspace: Open, hers: Workspace, call: Call) -> None:
    workspace = new_workspace()
    message_id = furnished(workspace, "attic")
    before, before_there = contents(workspace), contents(hers)
    with hers.api() as mallory:
        assert call.send(mallory, message_id).status_code == 404
    assert contents(workspace) == before
    assert contents(hers) == before_there
    with workspace.api() as alice:  # the request was good: nothing but the host was wrong
        answer = call.send(alice, message_id)
        assert answer.status_code == call.status, answer.text


def test_an_address_that_posts_posts_in_one_workspace(workspace: Workspace, elsewhere: Workspace) -> None:
    path = f"/api/v1/incoming/{add_incoming(workspace)}"
    before = contents(elsewhere)
    with elsewhere.http() as there, workspace.http() as here:
        assert there.post(path, json={"text": "not here"}).status_code == 404
        assert contents(elsewhere) == before
        assert here.post(path, json={"text": "here"}).status_code == 201


def test_a_guest_is_a_guest_of_one_workspace(workspace: Workspace, elsewhere: Workspace) -> None:
    with workspace.http() as web:
        guest = web.post("/api/v1/guests", json={"name": "Visitor"}).json()
        again = web.post("/api/v1/guests", headers={"Authorization": f"Bearer {guest['token']}"})
        assert (again.status_code, again.json()["sub"]) == (201, guest["sub"])
    before = contents(elsewhere)
    with elsewhere.http(guest["token"]) as web:
        assert web.post("/api/v1/guests").status_code == 401
        assert web.get("/api/v1/rooms").status_code == 401
    assert contents(elsewhere) == before
