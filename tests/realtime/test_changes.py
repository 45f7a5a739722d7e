"""Edits, deletions and reactions: durable, numbered by `rev`, seen by everyone, and undone by nobody else."""

import json
import uuid

import pytest

from tests.personas import Workspace


async def test_an_edit_reaches_everyone_with_the_next_rev(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol"), process=1) as carol,
    ):
        said = await bob.say("helo")
        await carol.until("chat_message", message_id=said["message_id"])
        await bob.send("edit_message", message_id=said["message_id"], message="  hello  ")
        for socket in (bob, carol):
            edited = await socket.until("message_edited")
            assert edited["message"] == "hello"
            assert edited["seq"] == said["seq"]
            assert edited["rev"] == said["rev"] + 1
            assert edited["edited_at"] >= said["timestamp"]
            assert edited["client_id"] == said["client_id"]


async def test_an_edit_that_changes_nothing_is_answered_to_the_asker_alone(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol")) as carol,
    ):
        said = await bob.say("hello")
        await carol.until("chat_message")
        await bob.send("edit_message", message_id=said["message_id"], message="hello", ref=7)
        again = await bob.until("message_edited")
        assert (again["rev"], again["ref"]) == (said["rev"], 7)
        assert await carol.quiet() == []


async def test_only_its_sender_edits_a_message(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol")) as carol,
    ):
        said = await bob.say("mine")
        await carol.send("edit_message", message_id=said["message_id"], message="hers")
        assert (await carol.error())["code"] == "FORBIDDEN"
        await bob.send("edit_message", message_id=said["message_id"], message="still mine")
        assert (await bob.until("message_edited"))["message"] == "still mine"


async def test_a_deleted_message_keeps_only_its_place(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol")) as carol,
    ):
        said = await bob.say("regrettable")
        await carol.send("react", message_id=said["message_id"], emoji="👍", on=True)
        await bob.until("reaction")
        await bob.send("delete_message", message_id=said["message_id"])
        deleted = await carol.until("message_deleted")
        gone = {
            "message_id": said["message_id"],
            "seq": said["seq"],
            "rev": said["rev"] + 2,
            "room": "general",
        }
        assert deleted == {"type": "message_deleted", **gone, "deleted": True}
        await carol.send("history")
        assert (await carol.until("history"))["messages"] == [{**gone, "deleted": True}]
        await bob.send("edit_message", message_id=said["message_id"], message="back")
        assert (await bob.error())["code"] == "NOT_FOUND"
        await carol.send("react", message_id=said["message_id"], emoji="👍", on=True)
        assert (await carol.error())["code"] == "NOT_FOUND"


async def test_reactions_are_counted_once_a_person(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("carol"), process=1) as carol,
    ):
        said = await bob.say("cake")
        id_ = said["message_id"]
        await bob.send("react", message_id=id_, emoji="🎂", on=True)
        first = await carol.until("reaction")
        expected = {"emoji": "🎂", "user_id": "bob", "on": True, "count": 1, "message_id": id_}
        assert {name: first[name] for name in expected} == expected
        assert (first["seq"], first["rev"]) == (said["seq"], said["rev"] + 1)
        await carol.send("react", message_id=id_, emoji="🎂", on=True)
        assert (await bob.until("reaction", user_id="carol"))["count"] == 2
        await carol.send("react", message_id=id_, emoji="🎂", on=True)  # again
        again = await carol.until("reaction", user_id="carol")
        again = await carol.until("reaction", user_id="carol")
        assert (again["count"], again["rev"]) == (2, said["rev"] + 2)
        await bob.send("react", message_id=id_, emoji="🎂", on=False)
        assert (await carol.until("reaction", on=False))["count"] == 1
        await bob.send("history")
        [message] = (await bob.until("history"))["messages"]
        assert message["reactions"] == [{"emoji": "🎂", "count": 1}]
        assert message["rev"] == said["rev"] + 3


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"type": "edit_message", "message": "x"}, "INVALID_FIELD"),
        ({"type": "edit_message", "message_id": 5, "message": "x"}, "INVALID_FIELD"),
        ({"type": "edit_message", "message_id": "nonsense", "message": "x"}, "NOT_FOUND"),
        ({"type": "edit_message", "message_id": str(uuid.UUID(int=7)), "message": "x"}, "NOT_FOUND"),
        ({"type": "edit_message", "message_id": str(uuid.UUID(int=7)), "message": " "}, "EMPTY_MESSAGE"),
        (
            {"type": "edit_message", "message_id": str(uuid.UUID(int=7)), "message": "x" * 1001},
            "MESSAGE_TOO_LONG",
        ),
        ({"type": "delete_message"}, "INVALID_FIELD"),
        ({"type": "delete_message", "message_id": str(uuid.UUID(int=7))}, "NOT_FOUND"),
        ({"type": "react", "message_id": str(uuid.UUID(int=7)), "emoji": "👍", "on": True}, "NOT_FOUND"),
        ({"type": "react", "message_id": str(uuid.UUID(int=7)), "emoji": "", "on": True}, "INVALID_FIELD"),
        ({"type": "react", "message_id": str(uuid.UUID(int=7)), "emoji": "a b", "on": True}, "INVALID_FIELD"),
        (
            {"type": "react", "message_id": str(uuid.UUID(int=7)), "emoji": "x" * 33, "on": True},
            "INVALID_FIELD",
        ),
        ({"type": "react", "message_id": str(uuid.UUID(int=7)), "emoji": "👍"}, "INVALID_FIELD"),
        ({"type": "react", "message_id": str(uuid.UUID(int=7)), "emoji": "👍", "on": 1}, "INVALID_FIELD"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_cannot_be_changed_is_refused(
    workspace: Workspace, command: dict[str, object], code: str
) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.raw(json.dumps(command))
        assert (await bob.error())["code"] == code
        assert (await bob.say("still here"))["message"] == "still here"


async def test_edits_and_reactions_count_against_the_rate_and_deletions_do_not(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        said = await bob.say("once")
        for number in range(10):
            await bob.send("edit_message", message_id=said["message_id"], message=f"edit {number}")
            await bob.send("react", message_id=said["message_id"], emoji=f"e{number}", on=True)
        failed = await bob.until("error")
        assert failed["error"]["code"] == "RATE_LIMITED"
        assert failed["retry_after"] > 0
        await bob.send("delete_message", message_id=said["message_id"])
        await bob.until("message_deleted")


async def test_a_moderator_of_the_room_deletes_and_does_not_edit(workspace: Workspace) -> None:
    with workspace.api() as api:
        assert api.put("/api/v1/rooms/general/members/mia", json={"role": "moderator"}).status_code == 201
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.token("mia")) as mia:
        said = await bob.say("rude")
        await mia.send("edit_message", message_id=said["message_id"], message="polite")
        assert (await mia.error())["code"] == "FORBIDDEN"
        await mia.send("delete_message", message_id=said["message_id"])
        await bob.until("message_deleted", message_id=said["message_id"])
        theirs = await bob.say("so what")
        with workspace.api() as api:
            api.put("/api/v1/rooms/general/members/mia", json={"role": "member"})
        await mia.until("room_updated", may_moderate=False)
        await mia.send("delete_message", message_id=theirs["message_id"])
        assert (await mia.error())["code"] == "FORBIDDEN"
