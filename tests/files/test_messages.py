"""Files of messages: attached once, by their own sender, where they were meant for, and shown everywhere."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path

from tests.api.calls import furnish_webhook
from tests.files.sending import picture, uploaded
from tests.personas import Workspace
from tests.realtime.backstage import rows, schema_of


async def test_a_file_is_shown_wherever_its_message_is(workspace: Workspace) -> None:
    with workspace.http(workspace.token("bob", name="Bob")) as bob_http:
        shot = uploaded(bob_http, picture(size=(30, 20)), "shot.jpg")
        note = uploaded(bob_http, b"text", "note.txt")
        async with (
            workspace.chat(workspace.token("bob", name="Bob")) as bob,
            workspace.chat(workspace.token("ann"), process=1) as ann,
        ):
            await bob.entered()
            await ann.entered()
            expected = [
                {"id": shot["id"], "name": "shot.jpg", "type": "image/jpeg", "size": shot["size"]}
                | {"width": 20, "height": 30},
                {"id": note["id"], "name": "note.txt", "type": "text/plain", "size": 4},
            ]
            said = await bob.say("", files=[shot["id"], note["id"]], client_id="once")
            assert (said["message"], said["files"]) == ("", expected)
            heard = await ann.until("chat_message", message_id=said["message_id"])
            assert heard["files"] == expected
            again = await bob.say("", files=[shot["id"], note["id"]], client_id="once")
            assert (again["message_id"], again["files"]) == (said["message_id"], expected)
            await ann.send("history")
            assert (await ann.until("history"))["messages"][0]["files"] == expected
            await bob.send("edit_message", message_id=said["message_id"], message="with words")
            assert (await ann.until("message_edited"))["files"] == expected
            path = f"/api/v1/rooms/general/messages/{said['message_id']}"
            assert bob_http.get(path).json()["files"] == expected
            plain = await bob.say("without", files=[])
            assert "files" not in plain
            await bob.send("delete_message", message_id=said["message_id"])
            assert "files" not in await ann.until("message_deleted")
            async with asyncio.timeout(20):  # the worker takes them away
                while rows(workspace, "SELECT key FROM files_file"):
                    await asyncio.sleep(0.1)
            assert not list(stored_in(workspace).rglob("*-*"))


def stored_in(workspace: Workspace) -> Path:
    """The folder of a workspace's files."""
    from django.conf import settings

    return settings.SNUG_DATA_DIR / "files" / schema_of(workspace)


async def test_a_file_goes_with_one_message_of_its_sender_in_its_room(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with (
        workspace.api() as key,
        workspace.http(workspace.token("bob")) as bob,
        elsewhere.api() as mallory,
    ):
        key.post("/api/v1/rooms", json={"name": "attic"}).raise_for_status()
        sent, attic, keys, theirs = (
            uploaded(bob)["id"],
            uploaded(bob, room="attic")["id"],
            uploaded(key)["id"],
            uploaded(mallory)["id"],
        )
        free = uploaded(bob)["id"]
        path = "/api/v1/rooms/general/messages"
        assert bob.post(path, json={"message": "", "files": [sent]}).status_code == 201
        for wrong in (sent, attic, keys, theirs, str(uuid.uuid4())):
            refused = bob.post(path, json={"message": "x", "files": [free, wrong]})
            assert (refused.status_code, refused.json()["code"]) == (409, "file_not_usable"), refused.text
        for malformed in ("x", [free] * 2, [7], ["x"], {"a": 1}, [free.upper()], [str(uuid.uuid4())] * 11):
            assert bob.post(path, json={"message": "x", "files": malformed}).status_code == 422
        assert bob.post(path, json={"message": " ", "files": []}).json()["code"] == "empty_message"
        async with workspace.chat(workspace.token("bob")) as chat:
            assert (await chat.entered())["last_seq"] == 1
            for wrong in ([sent], "x", [None], [free] * 11):
                await chat.send("chat_message", message="x", files=wrong)
                assert (await chat.error())["code"] == "INVALID_FIELD"
        assert (
            bob.post(path, json={"files": [free], "message": "x"}).json()["seq"] == 2
        )  # nothing had taken it


async def test_of_many_messages_at_once_one_gets_the_file(workspace: Workspace) -> None:
    """From both processes, into one group and several; every other message is as ever."""
    with workspace.http(workspace.token("bob")) as bob:
        file = uploaded(bob)["id"]
    async with (
        workspace.chat(workspace.token("bob")) as one,
        workspace.chat(workspace.token("bob"), process=1) as other,
        workspace.chat(workspace.token("ann")) as ann,
    ):
        for chat in (one, other, ann):
            await chat.entered()
        for n in range(4):
            for chat in (one, other):
                await chat.send("chat_message", message=f"{n}", files=[file])
            await ann.send("chat_message", message="plain")
        heard = [await ann.until("chat_message") for _ in range(5)]
        assert [message["seq"] for message in heard] == [1, 2, 3, 4, 5]
        assert sum("files" in message for message in heard) == 1
        assert sum(message["message"] == "plain" for message in heard) == 4
        assert await ann.quiet() == []


def test_webhooks_hear_of_files(workspace: Workspace) -> None:
    furnish_webhook(workspace)
    rows(workspace, "UPDATE webhooks_endpoint SET events = '{message.*}' WHERE enabled")
    rows(workspace, "UPDATE public.tenants_tenant SET hooked = true WHERE slug = %s", workspace.slug)
    told: list[tuple[object, ...]] = []
    deadline = time.monotonic() + 20
    with workspace.api() as key:
        path = "/api/v1/rooms/general/messages"
        while (
            not told and time.monotonic() < deadline
        ):  # the web process learns within seconds that there is one
            said = key.post(path, json={"message": "", "files": [uploaded(key)["id"]]}).json()
            key.patch(f"{path}/{said['message_id']}", json={"message": "x"}).raise_for_status()
            told = rows(
                workspace, "SELECT type, data->'files' FROM webhooks_event WHERE room_id > 0 ORDER BY id"
            )
    assert told[-1] == ("message.edited", said["files"])
    assert all(files for _, files in told)
