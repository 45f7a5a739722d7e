"""The same text, over and over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.moderation.speaking import PROCESSES, in_force, outcome, say, until
from tests.personas import Workspace

REPEATED = (403, "message_repeated")


def limit(workspace: Workspace, repeats: Any) -> None:
    with workspace.api() as api:
        changed = api.patch("/api/v1/moderation", json={"repeats": repeats})
        assert (changed.status_code, changed.json()["repeats"]) == (200, repeats), changed.text
    in_force(workspace)


async def test_one_says_the_same_so_often_over_all_rooms_and_processes_and_others_are_not_counted(
    workspace: Workspace,
) -> None:
    limit(workspace, {"most": 2, "seconds": 600})
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "sale", "kind": "public"}).raise_for_status()
    assert say(workspace, "Buy now!").status_code == 201
    assert say(workspace, "BUY  nów!", path="/api/v1/rooms/sale/messages", process=1).status_code == 201
    for process in PROCESSES:
        refused = say(workspace, "buy now!", process=process)
        assert outcome(refused) == REPEATED
        assert "2 times in 600 seconds" in refused.json()["detail"]
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.send("chat_message", message="buy now!")
        assert (await bob.error())["code"] == "FORBIDDEN"
    assert say(workspace, "buy now!", "ann").status_code == 201
    assert say(workspace, "buy later!").status_code == 201


def test_after_the_window_one_may_say_it_again(workspace: Workspace) -> None:
    limit(workspace, {"most": 1, "seconds": 2})
    assert say(workspace, "again").status_code == 201
    assert outcome(say(workspace, "again")) == REPEATED
    until(lambda: say(workspace, "again").status_code == 201, pause=0.4)


def test_it_is_lifted_again_and_a_message_sent_twice_by_a_lost_answer_is_answered(
    workspace: Workspace,
) -> None:
    limit(workspace, {"most": 1, "seconds": 600})
    first = say(workspace, "hello", client_id="c1")
    again = say(workspace, "hello", client_id="c1")
    assert (again.status_code, again.json()["message_id"]) == (200, first.json()["message_id"])
    assert outcome(say(workspace, "hello")) == REPEATED
    limit(workspace, None)
    assert say(workspace, "hello").status_code == 201


@pytest.mark.parametrize(
    "repeats",
    [
        {"most": 0, "seconds": 60},
        {"most": 1},
        {"most": True, "seconds": 60},
        {"most": 101, "seconds": 60},
        [],
        3,
    ],
    ids=["none", "no window", "true", "many", "list", "number"],
)
def test_what_is_no_limit_is_refused_and_changes_nothing(workspace: Workspace, repeats: Any) -> None:
    with workspace.api() as api:
        refused = api.patch("/api/v1/moderation", json={"repeats": repeats})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
        assert api.get("/api/v1/moderation").json() == {"repeats": None, "hook": None}
