"""A room that is deleted takes everything with it, however large it is and whoever is writing in it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from realtime.events import ErrorCode
from rooms.actions import (
    FOR_EVER,
    LastRoom,
    add_member,
    change_room,
    delete_room,
    mark_read,
    mute_member,
    react,
    remove_member,
)
from rooms.models import Membership, Room
from rooms.texts import Refused
from tenants.context import in_tenant, run_in_tenant
from tests.personas import Workspace
from tests.realtime.backstage import fill, rows
from tests.rooms.conftest import Speaker

TABLES = ("rooms_message", "rooms_reaction", "rooms_membership", "rooms_receipt", "rooms_room")


def counted(workspace: Workspace) -> list[int]:
    return [rows(workspace, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]


def delete(name: str) -> None:
    delete_room(Room.objects.get(name=name))


async def test_nothing_is_left_of_a_room_and_all_of_its_neighbour(
    workspace: Workspace, someone: Speaker
) -> None:
    bob = await someone(workspace, "bob", rooms=["attic", "cellar"])
    for room in ("attic", "cellar"):
        said = (await bob.say("hello", room)).message
        await react(bob.tenant, bob.rooms[room], bob.identity, said.message_id, "👍", on=True)
        await mark_read(bob.tenant, bob.rooms[room], bob.identity, 1)
    assert counted(workspace) == [2, 2, 2, 2, 3]
    await in_tenant(bob.tenant, delete, "attic")
    assert counted(workspace) == [1, 1, 1, 1, 2]
    assert (await bob.say("still here", "cellar")).message.seq == 2


async def test_a_name_that_is_used_again_is_a_new_room(workspace: Workspace, someone: Speaker) -> None:
    bob = await someone(workspace, "bob", rooms=["attic"])
    await bob.say("old words", "attic")
    old = bob.rooms.pop("attic")
    await in_tenant(bob.tenant, delete, "attic")
    said = await bob.say("new words", "attic")
    assert bob.rooms["attic"].id != old.id
    assert (said.message.seq, said.message.rev) == (1, 1)


def test_the_last_room_stays(workspace: Workspace) -> None:
    with pytest.raises(LastRoom):
        run_in_tenant(workspace.tenant, delete, "general")
    with workspace.api() as api:
        assert api.get("/api/v1/rooms/general").json()["archived"] is False


def test_a_large_room_goes_in_many_small_steps(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "large"}).raise_for_status()
    fill(workspace, 20_001, "large")
    began = time.monotonic()
    run_in_tenant(workspace.tenant, delete, "large")
    assert time.monotonic() - began < 20
    assert counted(workspace) == [0, 0, 0, 0, 1]


def test_what_comes_too_late_for_a_room_says_so(workspace: Workspace) -> None:
    def come_too_late() -> None:
        room = Room.objects.create(name="attic")
        bob, _ = add_member(room, "bob")
        delete("attic")
        with pytest.raises(Room.DoesNotExist):
            change_room(room, title="x")
        with pytest.raises(Room.DoesNotExist):
            add_member(room, "ann")
        with pytest.raises(Membership.DoesNotExist):
            mute_member(bob, FOR_EVER)
        assert not remove_member(room, "bob")

    run_in_tenant(workspace.tenant, come_too_late)
    assert counted(workspace) == [0, 0, 0, 0, 1]


async def test_whoever_writes_in_a_room_while_it_goes_is_told_so(
    workspace: Workspace, someone: Speaker
) -> None:
    bob = await someone(workspace, "bob", rooms=["attic", "cellar"])
    await bob.say("first", "attic")
    await bob.enter("cellar")
    fill(workspace, 6_000, "attic")
    told: set[Any] = set()
    gone = asyncio.create_task(in_tenant(bob.tenant, delete, "attic"))
    for number in range(10_000):
        try:
            await bob.say(f"{number}", "attic")
            await mark_read(bob.tenant, bob.rooms["attic"], bob.identity, number)
        except Refused as refused:
            told.add(refused.code)
            if refused.code is ErrorCode.NOT_FOUND:
                break
    await gone
    assert told <= {ErrorCode.ROOM_ARCHIVED, ErrorCode.NOT_FOUND}
    assert ErrorCode.NOT_FOUND in told
    assert counted(workspace) == [0, 0, 0, 0, 2]
    assert (await bob.say("elsewhere", "cellar")).created
