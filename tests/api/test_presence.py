"""Who is in a room now, for those who are not in it."""

from __future__ import annotations

import asyncio

import pytest

from tests.personas import Workspace
from tests.realtime.backstage import rows, tenant_id_of

PATH = "/api/v1/presence/general"


async def test_people_are_counted_once_over_tabs_and_processes_and_bots_are_none(
    workspace: Workspace,
) -> None:
    with workspace.api(1) as api:
        assert api.get(PATH).json() == {"room": "general", "count": 0, "users": []}
        async with (
            workspace.chat(workspace.token("bob", name="Bob")) as one,
            workspace.chat(workspace.token("bob", name="Bob"), process=1) as two,
            workspace.chat(workspace.token("ann")) as ann,
            workspace.chat(workspace.secret) as bot,
        ):
            for socket in (one, two, ann, bot):
                await socket.entered()
            seen = api.get(PATH).json()
            assert (seen["room"], seen["count"]) == ("general", 2)
            assert sorted(seen["users"], key=lambda user: str(user["id"])) == [
                {"id": "ann", "username": "ann"},
                {"id": "bob", "username": "Bob"},
            ]
            with workspace.http(workspace.token("charlie")) as charlie:
                assert charlie.get(PATH).json() == seen
            assert (await ann.quiet(0.2)) == []  # looking is not coming in
        async with asyncio.timeout(10):
            while api.get(PATH).json()["count"]:
                await asyncio.sleep(0.2)


async def test_a_crowd_is_counted_whole_and_the_first_hundred_are_named(workspace: Workspace) -> None:
    from realtime import presence, store

    tenant = tenant_id_of(workspace)
    with workspace.api() as api:
        [(room,)] = rows(workspace, "SELECT id FROM rooms_room")
        for number in range(150):
            await presence.enter(tenant, room, f"u{number}", f"U {number}", "elsewhere")
        await store.close()
        seen = api.get(PATH).json()
    assert (seen["count"], len(seen["users"])) == (150, 100)
    assert all(user["username"] == f"U {user['id'][1:]}" for user in seen["users"])


async def test_presence_is_of_one_workspace(workspace: Workspace, elsewhere: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        with workspace.api() as alice, elsewhere.api() as mallory:
            assert alice.get(PATH).json()["count"] == 1
            assert mallory.get(PATH).json()["count"] == 0


@pytest.mark.parametrize("part", ["%00", "%FF", "a%20b", "a" * 10_240, "%F0%9F%99%82", "%25", "nowhere"])
def test_a_room_that_is_none_is_404(module_workspace: Workspace, part: str) -> None:
    with module_workspace.api() as api:
        answer = api.get(f"/api/v1/presence/{part}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
