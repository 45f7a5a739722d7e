"""Messages that are written together and stay each other's strangers."""

import asyncio

import pytest

from realtime.events import ErrorCode
from rooms.texts import Refused
from tests.personas import Workspace
from tests.realtime.backstage import rows
from tests.rooms.conftest import Speaker


async def test_rooms_and_workspaces_written_in_one_group_are_numbered_each_by_itself(
    workspace: Workspace, elsewhere: Workspace, someone: Speaker
) -> None:
    speakers = [
        (await someone(each, "bob", rooms=["one", "two"]), room)
        for each in (workspace, elsewhere)
        for room in ("one", "two")
    ]
    for who, room in speakers:
        await who.enter(room)
    posted = await asyncio.gather(*(who.say(f"{n}", room) for n in range(15) for who, room in speakers))
    for offset in range(len(speakers)):
        mine = [each.message for each in posted[offset :: len(speakers)]]
        assert [message.seq for message in mine] == list(range(1, 16))
        assert [message.rev for message in mine] == list(range(1, 16))
        assert [message.message for message in mine] == [str(n) for n in range(15)]
    for each in (workspace, elsewhere):
        assert rows(each, "SELECT name, last_seq FROM rooms_room ORDER BY name") == [
            ("general", 0),
            ("one", 15),
            ("two", 15),
        ]


async def test_two_with_one_client_id_in_one_group_are_one_message(
    workspace: Workspace, someone: Speaker
) -> None:
    bob = await someone(workspace, "bob")
    await bob.enter()
    first, again, other = await asyncio.gather(
        bob.say("hello", client_id="same"), bob.say("hello again", client_id="same"), bob.say("other")
    )
    assert (first.created, again.created, other.created) == (True, False, True)
    assert first.message == again.message
    assert (first.message.seq, other.message.seq) == (1, 2)


async def test_a_room_that_is_gone_or_archived_takes_nothing_and_costs_the_others_nothing(
    workspace: Workspace, someone: Speaker
) -> None:
    bob = await someone(workspace, "bob", rooms=["old", "gone", "new"])
    for room in ("old", "gone", "new"):
        await bob.enter(room)
    rows(workspace, "UPDATE rooms_room SET archived_at = now() WHERE name = 'old'")
    rows(workspace, "DELETE FROM rooms_room WHERE name = 'gone'")
    old, gone, new = await asyncio.gather(
        *(bob.say("hello", room) for room in ("old", "gone", "new")), return_exceptions=True
    )
    assert isinstance(old, Refused)
    assert old.code is ErrorCode.ROOM_ARCHIVED
    assert isinstance(gone, Refused)
    assert gone.code is ErrorCode.NOT_FOUND
    assert not isinstance(new, BaseException)
    assert new.message.seq == 1


async def test_a_first_message_makes_a_member_once(workspace: Workspace, someone: Speaker) -> None:
    bob = await someone(workspace, "bob")
    await asyncio.gather(*(bob.say("hello") for _ in range(5)))
    assert rows(workspace, "SELECT count(*) FROM rooms_membership") == [(1,)]


async def test_an_answer_to_nothing_is_refused(workspace: Workspace, someone: Speaker) -> None:
    bob = await someone(workspace, "bob")
    first = await bob.say("hello")
    answer = await bob.say("to that", reply_to=first.message.message_id)
    assert answer.message.reply_to == first.message.message_id
    for bad in ("", "nothing", 7, first.message.message_id[:-1], "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(Refused):
            await bob.say("to that", reply_to=bad)
