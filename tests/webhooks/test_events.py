"""What is told of what happens, in the words of sockets and of the REST API."""

from __future__ import annotations

from typing import Any

from standardwebhooks import Webhook

from tests.personas import Workspace
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver


def without_type(frame: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in frame.items() if name != "type"}


async def test_messages_are_told_as_sockets_show_them(
    workspace: Workspace, hook: Hook, receiver: Receiver
) -> None:
    secret = hook("message.*")["secret"]
    async with workspace.chat(workspace.token("bob", name="Bob “B” Builder")) as bob:
        await bob.entered()
        first = await bob.say("one \u2028 <b>'two'</b> %s 🎉")
        answer = await bob.say("two", reply_to=first["message_id"])
        await bob.send("react", message_id=first["message_id"], emoji="👍", on=True)
        await bob.send("edit_message", message_id=first["message_id"], message="uno")
        edited = await bob.until("message_edited")
        await bob.send("delete_message", message_id=first["message_id"])
        deleted = await bob.until("message_deleted")
    got = receiver.wait_for(lambda all_: len(all_) >= 4)
    assert [each.type for each in got] == [
        "message.created",
        "message.created",
        "message.edited",
        "message.deleted",
    ]
    assert [each.data for each in got] == [without_type(each) for each in (first, answer, edited, deleted)]
    for each in got:
        assert Webhook(secret).verify(each.body, each.headers) == each.json
        assert each.headers["webhook-id"].startswith("evt_")
        assert each.headers["content-type"] == "application/json"
    assert len({each.headers["webhook-id"] for each in got}) == 4
