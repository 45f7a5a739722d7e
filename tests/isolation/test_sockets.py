"""Every socket and every command, and Mallory: with her own credentials here, and with our names and ids at home.

Every door opens for the rightful one too, by the identical request.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.isolation.inventory import commands, sockets
from tests.isolation.pages import contents, session_of
from tests.isolation.scenes import COMMANDS, FIRST_FRAMES, PATHS, Command, Scene, come
from tests.personas import Refused, Workspace


def test_the_tables_of_sockets_and_commands_are_complete() -> None:
    assert set(PATHS) == sockets()
    assert {command.type for command in COMMANDS} == commands()


def credentials_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Every way of saying who one is, as options of `connect`. The ticket is good for one use."""
    with workspace.api() as api:
        guest = api.post("/api/v1/guests", headers={"Authorization": ""}, json={}).json()["token"]
        ticket = api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    session = {"headers": {"Cookie": f"snug_session={session_of(workspace)}"}}
    return {
        "token": {"token": workspace.token("bob")},
        "token for rooms": {"token": workspace.token("bob", rooms=["general"])},
        "guest": {"token": guest},
        "key": {"token": workspace.secret},
        "key in a header": {"token": None, "headers": {"Authorization": f"Bearer {workspace.secret}"}},
        "session": {"token": None, **session},
        "ticket": {"token": ticket},
    }


@pytest.fixture
def ours(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return credentials_of(workspace)


@pytest.fixture
def hers(elsewhere: Workspace) -> dict[str, dict[str, Any]]:
    return credentials_of(elsewhere)


@pytest.mark.parametrize(
    "path", ["/ws/chat/general/", "/ws/chat/general/?since=0&rev=0", "/ws/", "/ws/basic/"]
)
@pytest.mark.parametrize("process", [0, 1])
async def test_no_path_opens_for_another_workspaces_people(
    workspace: Workspace,
    elsewhere: Workspace,
    ours: dict[str, dict[str, Any]],
    hers: dict[str, dict[str, Any]],
    path: str,
    process: int,
) -> None:
    place, _, query = path.partition("?")
    here: dict[str, Any] = {"path": place, "query": query, "process": process}
    before, before_there = contents(workspace), contents(elsewhere)
    for kind, mallory in hers.items():
        if "session" in kind:  # a session is good on its own host's pages alone
            mallory["origin"] = f"http://{workspace.host}:{workspace.ports[process]}"
        if kind == "session" and path == "/ws/basic/":  # somebody without credentials, who is welcome there
            async with workspace.chat(**here, **mallory) as socket:
                assert (await socket.next())["user"] is None
            continue
        refused = await workspace.connect(**here, **mallory)
        assert await refused.closed() == 4001, kind
    assert contents(workspace) == before
    assert contents(elsewhere) == before_there
    for kind, rightful in ours.items():
        if "session" in kind:
            rightful["origin"] = f"http://{workspace.host}:{workspace.ports[process]}"
        async with workspace.chat(**here, **rightful) as socket:
            assert (await socket.next())["type"] in FIRST_FRAMES, kind


@pytest.mark.parametrize("command", COMMANDS, ids=str)
async def test_no_command_reaches_over(workspace: Workspace, elsewhere: Workspace, command: Command) -> None:
    """The same room and user names in both: nothing that Mallory does is seen here, and she sees nothing."""
    async with AsyncExitStack() as stack:
        ours = Scene(workspace, command)
        await ours.begin(stack)
        await ours.quiet()

        mallory = await come(stack, elsewhere, elsewhere.token("bob", name="Mallory"), command.socket)
        before = contents(ours.workspace)
        await mallory.send(command.type, **command.filled(ours.pieces))
        if command.theirs is not None and command.theirs.isupper():
            assert (await mallory.error())["code"] == command.theirs
        elif command.theirs is not None:
            assert ours.workspace.slug not in str(await mallory.until(command.theirs))
        await ours.quiet()
        assert contents(ours.workspace) == before
        await ours.obeyed()  # the command was good: nothing but the workspace was wrong
        assert not any(ours.workspace.slug in str(frame) for frame in await mallory.quiet(0.15))


async def test_numbers_ids_and_repeats_are_each_workspaces_own(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    async with (
        workspace.chat(workspace.token("bob", name="Bob")) as bob,
        elsewhere.chat(elsewhere.token("bob", name="Mallory")) as mallory,
    ):
        assert (await bob.entered())["count"] == 1
        online = await mallory.entered()
        assert (online["count"], online["users"]) == (1, [{"id": "bob", "username": "Mallory"}])
        first, theirs = await bob.say("ours", client_id="same"), await mallory.say("theirs", client_id="same")
        assert first["seq"] == theirs["seq"] == 1
        assert first["message_id"] != theirs["message_id"]
        again, theirs_again = await bob.say("x", client_id="same"), await mallory.say("x", client_id="same")
        assert (again["message"], theirs_again["message"]) == ("ours", "theirs")


async def test_nobody_takes_over_another_workspaces_connection(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        ours = (await bob.entered())["connection_id"]
        async with elsewhere.chat(elsewhere.token("bob"), query=f"connection={ours}", process=1) as mallory:
            await mallory.entered()
            assert await bob.quiet(0.5) == []
            assert (await bob.say("still here"))["seq"] == 1
        async with workspace.chat(workspace.token("bob"), query=f"connection={ours}", process=1) as again:
            await again.entered()
            assert await bob.closed() == 1000


async def test_one_workspaces_crowd_takes_nothing_from_another(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    crowd = await asyncio.gather(
        *(elsewhere.connect(elsewhere.token(f"m-{n}"), process=n % 2) for n in range(100))
    )
    for n in range(20):
        await elsewhere.connect(None, path="/ws/basic/", process=n % 2)
    with pytest.raises(Refused):
        await elsewhere.connect(elsewhere.token("one-more"), snug=False)
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(None, path="/ws/basic/") as check,
    ):
        assert (await bob.entered())["count"] == 1
        assert (await check.next())["user"] is None
    await asyncio.gather(*(each.close() for each in crowd))


async def test_a_private_room_of_the_same_name_is_another_room(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    for each in (workspace, elsewhere):
        with each.api() as api:
            api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
    with elsewhere.api() as api:
        api.put("/api/v1/rooms/board/members/bob").raise_for_status()
    async with elsewhere.chat(elsewhere.token("bob"), "board") as mallory:
        await mallory.entered()
    refused = await workspace.connect(workspace.token("bob"), "board")
    assert await refused.closed() == 4003
