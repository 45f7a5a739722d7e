"""Who may enter which room."""

import pytest

from realtime.events import ErrorCode
from rooms.texts import Refused
from tests.personas import Workspace
from tests.rooms.conftest import Someone, Speaker


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
