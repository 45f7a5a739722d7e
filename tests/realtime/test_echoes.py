"""The answer to a command comes with its `ref`, by whatever way the room hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.personas import Workspace
from tests.realtime.conftest import Inside, entered


async def test_every_ref_is_answered_when_the_room_is_told_by_the_database_instead(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.hub import hub

    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(bob)
    await bob.send_json_to({"type": "chat_message", "message": "once", "ref": "said"})
    said = await bob.receive_json_from(timeout=5)
    assert said["ref"] == "said"

    here = await hub()
    receive = here.receive

    def without_changes(group: str, event: dict[str, Any]) -> None:
        if event["type"] != "durable":
            receive(group, event)

    monkeypatch.setattr(
        here, "receive", without_changes
    )  # what others publish; its own the hub hears as ever
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        await ann.entered()
        await ann.say("a change that is lost on its way")
    commands: list[dict[str, Any]] = [
        {"type": "react", "emoji": "👍", "on": True},
        {"type": "react", "emoji": "🎈", "on": True},
        {"type": "edit_message", "message": "twice"},
        {"type": "edit_message", "message": "thrice"},
        {"type": "react", "emoji": "👍", "on": False},
        {"type": "chat_message", "message": "another"},
        {"type": "delete_message"},
    ]
    for ref, command in enumerate(commands):
        await bob.send_json_to({"message_id": said["message_id"], "ref": ref, **command})
    answers: dict[int, dict[str, Any]] = {}
    while len(answers) < len(commands):
        frame = await bob.receive_json_from(timeout=5)
        if "ref" in frame:
            assert frame["ref"] not in answers
            answers[frame["ref"]] = frame
    kinds = [answers[ref]["type"] for ref in range(len(commands))]
    edited = ["message_edited"] * 2
    assert kinds == ["reaction", "reaction", *edited, "reaction", "chat_message", "message_deleted"]
    assert [answers[ref].get("emoji") for ref in (0, 1, 4)] == ["👍", "🎈", "👍"]


async def test_somebody_elses_reaction_is_not_the_answer_to_ones_own(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("ann")) as ann,
        workspace.chat(workspace.token("bob")) as bob,
    ):
        await ann.entered()
        message_id = (await ann.say("like it"))["message_id"]
        for on in (True, False) * 5:
            for chat in (ann, bob):
                await chat.send("react", message_id=message_id, emoji="👍", on=on, ref=f"{on}")
            for chat, name in ((ann, "ann"), (bob, "bob")):
                answer = await chat.until("reaction", ref=f"{on}")
                assert (answer["user_id"], answer["on"]) == (name, on)
