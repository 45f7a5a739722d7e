"""Connections beyond what a workspace or a user may have open now: closed wherever they are, and no more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from realtime import groups
from tests.personas import Chat, Workspace
from tests.proving import from_address, new_address, token_at
from tests.realtime.backstage import rows, shared, tenant_id_of, until
from tests.realtime.office import set_plan
from tests.testmode.persona import InTestMode, in_test_mode

AT_ONCE = 4.0  # seconds: the announcement, or the next second's look, and a busy machine
TO_THE_NEXT_RENEWAL = 20.0


def may_have(workspace: Workspace, connections: int, of_a_user: int = 50) -> None:
    """So many from now on; no process is told."""
    figures = json.dumps({"max_connections": connections, "connections_per_user": of_a_user})
    query = "UPDATE public.tenants_tenant SET own_limits = %s WHERE slug = %s"
    rows(workspace, query, figures, workspace.slug)


@pytest.fixture
def tested(workspace: Workspace) -> InTestMode:
    return in_test_mode(workspace)


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    """Closes, at the end of the test, what was opened."""
    async with AsyncExitStack() as stack:
        yield stack


async def open_some(opened: AsyncExitStack, workspace: Workspace, count: int) -> list[Chat]:
    """So many sockets, one after the other, in turn on both processes, in rooms and over /ws/."""
    chats = []
    for n in range(count):
        path = ("/ws/chat/general/", "/ws/")[n // 2 % 2]
        token = workspace.token(f"user-{n}")
        chats.append(await opened.enter_async_context(workspace.chat(token, path=path, process=n % 2)))
    return chats


def ended(chats: list[Chat]) -> dict[int, int | None]:
    """Which of them the server has closed, and with what."""
    return {n: chat.connection.close_code for n, chat in enumerate(chats) if chat.connection.close_code}


async def live(chats: list[Chat]) -> bool:
    """Whether each of them is answered."""
    for chat in chats:
        await chat.send("ping")
        await chat.until("pong")
    return True


def counted(tenant_id: int) -> int:
    return int(shared().zcard(groups.leases(tenant_id)))


@pytest.mark.parametrize("told", [True, False], ids=["announced", "the announcement was lost"])
async def test_when_the_limit_falls_those_beyond_it_are_closed_and_no_more(
    workspace: Workspace, elsewhere: Workspace, opened: AsyncExitStack, told: bool
) -> None:
    mine, theirs = await open_some(opened, workspace, 9), await open_some(opened, elsewhere, 9)
    may_have(workspace, 4)
    if told:
        await set_plan(workspace, "free")
    await until(lambda: len(ended(mine)) >= 5, AT_ONCE)
    gone = ended(mine)
    assert set(gone.values()) == {4002}
    assert await live([chat for n, chat in enumerate(mine) if n not in gone])
    assert (len(ended(mine)), counted(tenant_id_of(workspace))) == (5, 4)
    assert await live(theirs)


async def test_of_one_process_the_newest_go(workspace: Workspace, opened: AsyncExitStack) -> None:
    chats = [await opened.enter_async_context(workspace.chat(workspace.token(f"user-{n}"))) for n in range(5)]
    may_have(workspace, 3)
    await set_plan(workspace, "free")
    await until(lambda: len(ended(chats)) >= 2, AT_ONCE)
    assert ended(chats) == {3: 4002, 4: 4002}


@pytest.mark.parametrize("told", [True, False], ids=["announced", "the announcement was lost"])
async def test_when_one_user_may_have_fewer_theirs_are_closed_and_nobody_elses(
    workspace: Workspace, opened: AsyncExitStack, told: bool
) -> None:
    may_have(workspace, 50)
    await set_plan(workspace, "free")
    bobs = [
        await opened.enter_async_context(workspace.chat(workspace.token("bob"), process=n % 2))
        for n in range(6)
    ]
    others = await open_some(opened, workspace, 2)
    may_have(workspace, 50, of_a_user=2)
    if told:
        await set_plan(workspace, "free")
    await until(lambda: len(ended(bobs)) >= 4, AT_ONCE)
    gone = ended(bobs)
    assert await live([chat for n, chat in enumerate(bobs) if n not in gone])
    assert await live(others)
    assert (set(gone.values()), len(ended(bobs)), ended(others)) == ({4002}, 4, {})


async def test_what_is_closed_for_one_user_counts_among_everyones(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    """Eight are open; two may be of bob and six of all: with bob's two that go, it is enough. On one process: another
    one may look at everyone's before this one has closed bob's."""
    chats = [await opened.enter_async_context(workspace.chat(workspace.token(f"user-{n}"))) for n in range(4)]
    bobs = [await opened.enter_async_context(workspace.chat(workspace.token("bob"))) for _ in range(4)]
    may_have(workspace, 6, of_a_user=2)
    await set_plan(workspace, "free")
    await until(lambda: len(ended(bobs)) >= 2, AT_ONCE)
    assert await live([chat for n, chat in enumerate(bobs) if n not in ended(bobs)])
    assert await live(chats)
    assert (len(ended(bobs)), ended(chats), counted(tenant_id_of(workspace))) == (2, {}, 6)


async def test_what_was_closed_makes_no_room_for_others_beyond_the_limit(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    chats = await open_some(opened, workspace, 4)
    may_have(workspace, 2)
    await set_plan(workspace, "free")
    await until(lambda: len(ended(chats)) >= 2, AT_ONCE)
    late = await opened.enter_async_context(workspace.chat(workspace.token("late")))
    assert await late.closed() == 4002
    kept = [chat for n, chat in enumerate(chats) if n not in ended(chats)]
    await kept[0].close()
    await until(lambda: counted(tenant_id_of(workspace)) == 1)
    assert await live([await opened.enter_async_context(workspace.chat(workspace.token("late")))])


async def test_a_raised_limit_and_one_that_is_still_wide_enough_close_nobody(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    chats = await open_some(opened, workspace, 6)
    for figure in (8, 6, 60, 6):
        may_have(workspace, figure)
        await set_plan(workspace, "free")
        assert await live(chats)
    assert ended(chats) == {}


async def test_guests_go_with_the_others_and_their_place_is_given_back(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    chats = await open_some(opened, workspace, 2)
    with from_address(workspace, new_address()) as here:
        guests = [token_at(here) for _ in range(3)]
    chats += [await opened.enter_async_context(workspace.chat(token)) for token in guests]
    may_have(workspace, 1)
    await set_plan(workspace, "free")
    await until(lambda: len(ended(chats)) >= 4, AT_ONCE)
    assert {3: 4002, 4: 4002}.items() <= ended(chats).items()
    places = f"snug:t{tenant_id_of(workspace)}:guests:*"
    await until(lambda: sum(shared().zcard(key) for key in shared().keys(places)) <= 1)


async def test_of_the_guests_at_one_address_the_newest_go(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    """They may have half of what everyone may."""
    others = await open_some(opened, workspace, 1)
    with from_address(workspace, new_address()) as here:
        tokens = [token_at(here) for _ in range(3)]
    guests = [await opened.enter_async_context(workspace.chat(token)) for token in tokens]
    may_have(workspace, 4)
    await set_plan(workspace, "free")
    await until(lambda: bool(ended(guests)), AT_ONCE)
    assert await live(others + guests[:2])
    assert ended(guests) == {2: 4002}


async def test_a_connection_check_counts_against_no_plan_and_stays(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    chats = await open_some(opened, workspace, 2)
    check = await opened.enter_async_context(workspace.chat(None, path="/ws/basic/"))
    may_have(workspace, 0)
    await set_plan(workspace, "free")
    await until(lambda: len(ended(chats)) == 2, AT_ONCE)
    assert await live([check])


async def test_each_side_is_counted_by_itself(
    workspace: Workspace, tested: InTestMode, opened: AsyncExitStack
) -> None:
    mine, trials = await open_some(opened, workspace, 2), await open_some(opened, tested, 4)
    may_have(workspace, 2)
    await set_plan(workspace, "free")
    await until(lambda: len(ended(trials)) >= 2, AT_ONCE)
    assert (len(ended(trials)), ended(mine)) == (2, {})
    assert await live(mine)


async def test_one_that_came_in_unseen_is_found_with_the_next_renewal(
    workspace: Workspace, opened: AsyncExitStack
) -> None:
    """As where a process has not heard yet that the limit fell, or Redis had forgotten what was open."""
    may_have(workspace, 3)
    await set_plan(workspace, "free")
    chats = await open_some(opened, workspace, 3)
    shared().delete(groups.leases(tenant_id_of(workspace)))
    chats += await open_some(opened, workspace, 1)
    await until(lambda: bool(ended(chats)), TO_THE_NEXT_RENEWAL)
    gone = ended(chats)
    assert await live([chat for n, chat in enumerate(chats) if n not in gone])
    assert (list(gone.values()), counted(tenant_id_of(workspace))) == ([4002], 3)
