"""Sockets of test mode: on the workspace's own host, in rooms of their own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from tests.personas import Chat, Workspace
from tests.realtime.office import set_origins, set_plan, set_state
from tests.testmode.persona import InTestMode

HOME = "home"
# A room that one side has, and the other has not.
ONLY: dict[type[Workspace], str] = {Workspace: "attic", InTestMode: "cellar"}


async def come(stack: AsyncExitStack, place: Workspace, token: str, process: int = 0) -> Chat:
    chat = await stack.enter_async_context(place.chat(token, process=process))
    await chat.entered()
    return chat


async def test_what_is_said_in_test_mode_is_heard_there_alone(
    workspace: Workspace, trial: InTestMode
) -> None:
    async with AsyncExitStack() as stack:
        live = [await come(stack, workspace, workspace.token("bob"), process) for process in (0, 1)]
        test = [await come(stack, trial, trial.token("bob"), process) for process in (0, 1)]
        said = await test[0].say("only a test")
        assert said["seq"] == 1
        assert (await test[1].until("chat_message"))["message"] == "only a test"
        said = await live[0].say("in earnest")
        assert said["seq"] == 1  # the test was not counted here
        heard = [await live[1].until("chat_message")]
        heard += [frame for chat in live for frame in await chat.quiet()]
        assert "only a test" not in str(heard)
        assert "in earnest" not in str([await chat.quiet() for chat in test])


async def credentials_of(place: Workspace) -> list[dict[str, Any]]:
    """Every way of saying who one is, as options of `connect`; the ticket is good for one use."""
    with place.api() as client:
        ticket = client.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    assert ticket.startswith("snug_tk_test_") == isinstance(place, InTestMode)
    in_a_header = {"Authorization": f"Bearer {place.secret}"}
    return [
        {"token": place.secret},
        {"token": None, "headers": in_a_header},
        {"token": place.token("bob")},
        {"token": ticket},
    ]


async def test_every_way_of_saying_who_one_is_leads_to_its_own_side(
    workspace: Workspace, trial: InTestMode
) -> None:
    for place in (workspace, trial):
        with place.api() as client:
            client.post("/api/v1/rooms", json={"name": HOME, "title": place.slug}).raise_for_status()
            client.post("/api/v1/rooms", json={"name": ONLY[type(place)]}).raise_for_status()
    for place, other in ((workspace, trial), (trial, workspace)):
        for options in await credentials_of(place):
            async with workspace.chat(room=HOME, **options) as chat:
                assert (await chat.entered())["title"] == place.slug
        for options in await credentials_of(place):
            refused = await workspace.connect(room=ONLY[type(other)], **options)
            assert await refused.closed() == 4004


async def test_a_sockets_new_token_is_of_its_own_side(workspace: Workspace, trial: InTestMode) -> None:
    async with AsyncExitStack() as stack:
        for place, other in ((workspace, trial), (trial, workspace)):
            chat = await come(stack, place, place.token("bob"))
            await chat.send("refresh_token", token=other.token("bob"))
            assert (await chat.error())["code"] == "FORBIDDEN"
            await chat.send("refresh_token", token=place.token("bob"))
            await chat.until("token_refreshed")


async def test_fifty_connections_whatever_the_plan(workspace: Workspace, trial: InTestMode) -> None:
    for plan in ("free", "business"):
        await set_plan(workspace, plan)
        async with workspace.chat(trial.token("bob")) as chat:
            assert (await chat.entered())["limits"]["connections"] == 50
    async with workspace.chat(workspace.token("bob")) as chat:
        assert (await chat.entered())["limits"]["connections"] == 10_000
    async with AsyncExitStack() as stack:
        for n in range(50):
            await come(stack, trial, trial.token(f"user{n}"), n % 2)
        refused = await trial.connect(trial.token("one more"))
        assert await refused.closed() == 4002
        await come(stack, workspace, workspace.token("bob"))  # and the plan has lost none of its own


async def test_the_live_workspaces_state_holds_in_test_mode(workspace: Workspace, trial: InTestMode) -> None:
    async with AsyncExitStack() as stack:
        chat = await come(stack, trial, trial.token("bob"))
        await set_state(workspace, "suspended")
        assert await chat.closed() == 4402
        refused = await trial.connect(trial.token("bob"))
        assert await refused.closed() == 4402
        with trial.api() as client:
            answer = client.get("/api/v1/rooms")
            assert (answer.status_code, answer.json()["code"]) == (402, "tenant_suspended")
        await set_state(workspace, "active")
        async with asyncio.timeout(5):
            with trial.api() as client:
                while client.get("/api/v1/rooms").status_code != 200:
                    await asyncio.sleep(0.05)
        await come(stack, trial, trial.token("bob"))


async def test_the_live_workspaces_plan_and_origins_hold_in_test_mode(
    workspace: Workspace, trial: InTestMode
) -> None:
    shop = "https://shop.example.com"
    refused = await trial.connect(trial.token("bob"), origin=shop)
    assert await refused.closed() == 4003
    await set_origins(workspace, shop)
    async with trial.chat(trial.token("bob"), origin=shop) as chat:
        assert (await chat.entered())["limits"]["max_message_length"] == 1_000
        await set_plan(workspace, "pro")
        async with asyncio.timeout(5):
            while (said := await answer_to(chat, "x" * 1_001))["type"] != "chat_message":
                await asyncio.sleep(0.1)
        assert len(said["message"]) == 1_001


async def answer_to(chat: Chat, text: str) -> dict[str, Any]:
    await chat.send("chat_message", message=text)
    while (frame := await chat.next())["type"] not in ("chat_message", "error"):
        pass
    return frame


async def test_whoever_sends_no_credential_is_on_the_live_side(
    workspace: Workspace, trial: InTestMode
) -> None:
    async with workspace.chat(None, path="/ws/basic/") as chat:
        assert (await chat.next())["limits"]["connections"] == 100
    async with workspace.chat(trial.token("bob"), path="/ws/basic/") as chat:
        first = await chat.next()
        assert (first["limits"]["connections"], first["user"]["id"]) == (50, "bob")
