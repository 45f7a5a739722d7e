"""Webhooks of test mode: told what happens there, for as long as the workspace is open."""

from __future__ import annotations

import asyncio

from tests.personas import Workspace
from tests.realtime.office import set_state
from tests.testmode.persona import InTestMode
from tests.threads import giving_back
from tests.webhooks.conftest import hooked
from tests.webhooks.receiver import receiving
from webhooks.courier import rounds


def say(place: Workspace, text: str) -> None:
    with place.api() as client:
        client.post("/api/v1/rooms/general/messages", json={"message": text}).raise_for_status()


def test_each_side_tells_its_own_webhooks(workspace: Workspace, trial: InTestMode) -> None:
    with receiving() as live, receiving() as test:
        hooked(workspace, live.url, "message.created")
        hooked(trial, test.url, "message.created")
        say(workspace, "in earnest")
        say(trial, "a test")
        for receiver, text in ((live, "in earnest"), (test, "a test")):
            receiver.wait_for(len)
            assert [got.data["message"] for got in receiver.received] == [text]
        with trial.api() as client:
            client.post("/api/v1/test/reset").raise_for_status()
        say(trial, "after the reset")
        say(workspace, "once more")
        live.wait_for(lambda all_: len(all_) == 2)
        assert len(test.received) == 1


async def test_they_rest_while_the_workspace_is_suspended(workspace: Workspace, trial: InTestMode) -> None:
    async def awaited() -> set[str]:
        from tenants.database import pool

        async with (await pool()).connection() as db:
            return {row[0] for row in await (await db.execute(rounds._HOOKED)).fetchall()}

    with receiving() as receiver:
        await asyncio.to_thread(hooked, trial, receiver.url, "message.created")
        schema = (await asyncio.to_thread(giving_back(lambda: trial.tenant))).schema_name
        try:
            assert schema in await awaited()
            await set_state(workspace, "suspended")
            assert schema not in await awaited()
            await set_state(workspace, "active")
            assert schema in await awaited()
        finally:
            from tenants.database import close_pool

            await close_pool()
