"""The plan table, row by row: each figure that has a feature behind it holds over both processes, follows a workspace's
own figures where it has some, and changes under open sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.personas import Chat, Refused, Workspace
from tests.realtime.measuring import MEASURED, connections_of_one, give, longest

Open = Callable[..., Workspace]

PLANS = {
    #            connections, a user, characters, messages, rooms, days, requests
    "free": (100, 5, 1_000, 20, 20, 30, 120),
    "pro": (1_000, 10, 2_000, 50, 500, 365, 1_200),
    "business": (10_000, 20, 10_000, 100, None, None, 6_000),
}


@pytest.fixture(params=PLANS)
def on_plan(request: pytest.FixtureRequest, new_workspace: Open) -> tuple[Workspace, str]:
    """A workspace on each plan, and which that is."""
    return new_workspace(plan=request.param), request.param


async def test_a_plan_is_what_the_table_says_and_every_socket_is_told(on_plan: tuple[Workspace, str]) -> None:
    from tenants.plans import PLANS as ENFORCED

    workspace, plan = on_plan
    limits = ENFORCED[plan].limits
    assert tuple(getattr(limits, row) for row in MEASURED) == PLANS[plan]
    open_, own, length, rate, *_ = PLANS[plan]
    told = {
        "max_message_length": length,
        "messages_per_10s": rate,
        "connections": open_,
        "connections_per_user": own,
    }
    for path in ("/ws/chat/general/", "/ws/", "/ws/basic/"):
        for process in range(2):
            async with workspace.chat(workspace.token("bob"), path=path, process=process) as chat:
                assert (await chat.next())["limits"] == told


async def test_a_plans_connections_of_a_user_and_characters_of_a_message_hold(
    on_plan: tuple[Workspace, str],
) -> None:
    workspace, plan = on_plan
    _, own, length, *_ = PLANS[plan]
    assert await connections_of_one(workspace) == own
    assert await longest(workspace) == length


@pytest.mark.parametrize("row", MEASURED)
async def test_a_workspaces_own_figure_holds_everywhere_and_follows_a_change(
    workspace: Workspace, elsewhere: Workspace, row: str
) -> None:
    measure, figures = MEASURED[row]
    for figure in figures:
        await give(workspace, **{row: figure})
        assert await measure(workspace) == figure
    if (
        row != "max_connections"
    ):  # a neighbour keeps what the plan says; a hundred sockets are tried elsewhere
        assert await measure(elsewhere) == PLANS["free"][list(MEASURED).index(row)]


async def test_figures_change_under_open_sockets_within_two_seconds(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), path="/ws/", process=1) as ann,
    ):
        await bob.entered()
        await ann.next()
        await ann.send("join", room="general")
        await ann.until("user_joined")
        for figure in (3, 8):
            await give(workspace, messages_per_10s=figure, max_message_length=figure)
            await asyncio.sleep(2)  # the time in which open sockets may learn of it
            for chat in (bob, ann):
                await chat.send("chat_message", message="x" * (figure + 1), room="general")
                assert (await chat.error())["code"] == "MESSAGE_TOO_LONG"
                for n in range(figure if figure == 3 else 5):
                    await chat.send("chat_message", message=str(n), client_id=f"{figure}-{n}", room="general")
                    await chat.until("chat_message", client_id=f"{figure}-{n}")
                await chat.send("chat_message", message="m", room="general")
                assert (await chat.error())["code"] == "RATE_LIMITED"


@pytest.mark.parametrize("row", ["max_connections", "connections_per_user"])
async def test_of_many_who_come_at_once_no_more_are_let_in_than_may_be(
    workspace: Workspace, row: str
) -> None:
    await give(workspace, **{row: 5})
    subs = [f"user-{n}" if row == "max_connections" else "bob" for n in range(20)]

    async def knock(n: int, sub: str) -> Chat | None:
        try:
            return await workspace.connect(workspace.token(sub), process=n % 2, snug=False)
        except Refused as refused:
            codes.add(refused.code)
            return None

    codes: set[int] = set()
    answers = await asyncio.gather(*(knock(n, sub) for n, sub in enumerate(subs)))
    assert codes == {4002}
    let_in = [chat for chat in answers if chat is not None]
    assert len(let_in) == 5
    await asyncio.gather(*(chat.close() for chat in let_in))


async def test_figures_that_are_none_open_no_gates(workspace: Workspace) -> None:
    from tenants.entitlements import limits_for

    free = limits_for("free", {})
    assert limits_for("enterprise", {}) == free
    wrong: dict[str, object] = {
        "connections_per_user": None,
        "max_message_length": "many",
        "max_rooms": -1,
        "api_per_minute": True,
        "x": 5,
    }
    assert limits_for("free", wrong) == free
    unlimited = limits_for("free", {"max_rooms": None, "history_days": None})
    assert (unlimited.max_rooms, unlimited.history_days) == (None, None)
    await give(workspace, **wrong)
    assert await connections_of_one(workspace) == free.connections_per_user
