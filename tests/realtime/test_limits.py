"""Connections a plan allows, and plans and states that change under open sockets."""

import asyncio
import time

import pytest

from tests.personas import Chat, Refused, Workspace
from tests.realtime.backstage import rows, shared, tenant_id_of, until
from tests.realtime.office import set_plan, set_state


async def test_a_user_has_as_many_connections_as_the_plan_says_over_all_processes(
    workspace: Workspace,
) -> None:
    token = workspace.token("bob")
    open_ = [await workspace.connect(token, process=n % 2) for n in range(5)]
    for process in (0, 1):
        refused = await workspace.connect(token, process=process)
        assert await refused.closed() == 4002
    async with workspace.chat(workspace.token("ann")) as ann:  # others are not concerned
        await ann.entered()

    await open_.pop().close()
    open_.append(await _let_in(workspace, token))
    await asyncio.gather(*(each.close() for each in open_))


async def test_a_workspace_has_as_many_connections_as_the_plan_says(workspace: Workspace) -> None:
    tokens = [workspace.token(f"user-{n}") for n in range(100)]
    open_ = await asyncio.gather(*(workspace.connect(t, process=n % 2) for n, t in enumerate(tokens)))
    refused = await workspace.connect(workspace.token("bob"), process=1)
    assert await refused.closed() == 4002
    with pytest.raises(Refused) as limit:
        await workspace.connect(workspace.token("bob"), snug=False)
    assert (limit.value.code, limit.value.status) == (4002, 429)

    await open_[0].close()
    (await _let_in(workspace, workspace.token("bob"))).connection.transport.abort()
    await asyncio.gather(*(each.close() for each in open_))


async def test_a_phone_that_comes_back_replaces_its_own_ghost(workspace: Workspace) -> None:
    token = workspace.token("bob")
    open_ = [await workspace.connect(token) for _ in range(5)]
    ghost = (await open_[0].entered())["connection_id"]
    # Another user's word, or another id, replaces nothing.
    for other, sub in ((ghost, "ann"), ("0" * 32, "bob")):
        chat = await workspace.connect(workspace.token(sub), query=f"connection={other}")
        if sub == "bob":
            assert await chat.closed() == 4002
        await chat.close()
    async with workspace.chat(token, process=1, query=f"connection={ghost}") as back:
        await back.entered()
        assert await open_[0].closed(3) == 1000
        await until(lambda: shared().zcard(f"snug:t{tenant_id_of(workspace)}:leases:bob") == 5)
    await asyncio.gather(*(each.close() for each in open_))


async def test_a_change_of_plan_reaches_open_sockets(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        for socket in (bob, ann):
            await socket.entered()
        for plan, longest in (("pro", 2000), ("free", 1000)):
            await set_plan(workspace, plan)
            await asyncio.sleep(0.2)
            for socket in (bob, ann):
                assert len((await socket.say("x" * longest))["message"]) == longest
                await socket.send("chat_message", message="x" * (longest + 1))
                assert (await socket.error())["code"] == "MESSAGE_TOO_LONG"


async def test_a_change_of_plan_that_nobody_announced_is_seen_within_two_seconds(
    workspace: Workspace,
) -> None:
    async with workspace.chat(workspace.token("bob"), process=1) as bob:
        await bob.entered()
        rows(workspace, "UPDATE public.tenants_tenant SET plan = 'pro' WHERE slug = %s", workspace.slug)
        async with asyncio.timeout(2):
            while True:
                await bob.send("chat_message", message="x" * 1500)
                frame = await bob.next()
                if frame["type"] == "chat_message":
                    break
                await asyncio.sleep(0.1)


async def test_a_suspended_workspace_closes_its_sockets_and_opens_none(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
        workspace.chat(None, path="/ws/basic/", process=1) as check,
        elsewhere.chat(elsewhere.token("bob")) as mallory,
    ):
        for socket in (bob, ann, mallory):
            await socket.entered()
        begun = time.monotonic()
        await set_state(workspace, "suspended")
        for socket in (bob, ann, check):
            assert await socket.closed(2) == 4402
        assert time.monotonic() - begun < 2
        for process in (0, 1):
            refused = await workspace.connect(workspace.token("bob"), process=process)
            assert await refused.closed() == 4402
        with pytest.raises(Refused) as suspended:
            await workspace.connect(workspace.token("bob"), snug=False)
        assert (suspended.value.code, suspended.value.status) == (4402, 402)
        await mallory.say("business as usual")

    await set_state(workspace, "active")
    async with asyncio.timeout(2):
        (await _let_in(workspace, workspace.token("bob"))).connection.transport.abort()


async def test_past_due_is_still_open(workspace: Workspace) -> None:
    await set_state(workspace, "past_due")
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.say("hello")


async def _let_in(workspace: Workspace, token: str) -> Chat:
    """A socket, as soon as there is room for it."""
    async with asyncio.timeout(5):
        while True:
            try:
                chat = await workspace.connect(token, snug=False)
            except Refused as error:
                if error.code not in (4002, 4402):
                    raise
                await asyncio.sleep(0.02)
            else:
                await chat.entered()
                return chat
