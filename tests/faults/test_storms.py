"""A thousand knock at once; five hundred lose the network and come back at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed

from realtime import presence
from tests.faults.crowds import Crowd
from tests.faults.machine import Home, Machine
from tests.faults.statements import noted
from tests.personas import Chat, Refused, Workspace

Report = Callable[[str, object], None]

THOUSAND = 1_000
BEYOND = 40  # whom the plan has no room for
CROWD = 400
# Who is away for five seconds is said to have left: on a busy machine some are, by their own clock or by the server's.
NEARLY_GONE = presence.GRACE - 1.5
# What concerns every one of them is asked once in a few seconds and process (two for a tenant, five for a key).
FOR_ALL = 30


async def test_a_thousand_at_once_all_get_in_and_all_hear_a_message_once(
    machine: Machine, home: Home, record_property: Report
) -> None:
    crowd = Crowd(home, THOUSAND, processes=(0, 1))
    began = time.monotonic()
    async with crowd.present():
        record_property("all in after", time.monotonic() - began)
        assert [code for member in crowd.members for code in member.refusals + member.closes] == []
        async with home.chat("bob", process=0) as bob:
            said = await bob.say("hello, all of you")
            await crowd.all_heard(said["seq"])
    assert [len(member.seen) for member in crowd.members] == [1] * THOUSAND
    assert await home.opens() == [200, 200]


async def test_more_at_once_than_the_plan_allows_are_refused_with_a_code_and_the_others_are_in(
    machine: Machine,
) -> None:
    """Whether they offer our subprotocol or not; and the plan's figure is met to the last one, over both processes."""
    workspace = await asyncio.to_thread(machine.workspace, "free")
    most = 100
    tokens = [workspace.token(f"u{n}") for n in range(most + BEYOND)]
    knocks = (_knock(workspace, token, process=n % 2, snug=n % 4 < 2) for n, token in enumerate(tokens))
    answers = await asyncio.gather(*knocks)
    chats = [answer for answer in answers if isinstance(answer, Chat)]
    try:
        assert Counter(answer for answer in answers if not isinstance(answer, Chat)) == {4002: BEYOND}
        assert len(chats) == most
        said = await chats[0].say("hello, the rest of you")
        heard = await asyncio.gather(*(chat.until("chat_message", timeout=20) for chat in chats[1:]))
        assert heard == [said] * (most - 1)
    finally:
        await asyncio.gather(*(chat.close() for chat in chats))


async def _knock(workspace: Workspace, token: str, *, process: int, snug: bool) -> Chat | int:
    """The socket, or the code with which it was refused."""
    try:
        chat = await workspace.connect(token, process=process, snug=snug)
    except Refused as refused:
        return refused.code if refused.status == 429 else refused.status
    try:
        await chat.entered()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    return chat


async def test_whoever_lost_the_network_for_a_moment_costs_the_database_next_to_nothing(
    machine: Machine, home: Home, record_property: Report
) -> None:
    """What they may enter, where that was asked more than two seconds ago (rooms.access.FRESH), and no more."""
    crowd = Crowd(home, CROWD, processes=(0, 1))
    async with home.chat("bob", process=0) as bob, crowd.present():
        said = [await bob.say("before")]
        await crowd.all_heard(1)
        with noted(machine.stack) as statements:
            began = time.monotonic()
            for member in crowd.members:
                member.cut()
            await crowd.all_in(2)
            record_property("all back after", time.monotonic() - began)
        said.append(await bob.say("after"))
        await crowd.all_heard(2)
        heard = await bob.quiet(0.5)
        gone = sum(frame.get("left", frame["type"] == "user_left") for frame in heard)
        assert gone <= sum(each.entries[1] - each.ended_at[0] > NEARLY_GONE for each in crowd.members)
    assert all(member.refusals == [] for member in crowd.members)
    record_property("statements", len(statements))
    assert _asked_for_all(statements) < FOR_ALL
    assert len(statements) < 2 * CROWD, Counter(each[:60] for each in statements)


async def test_whoever_comes_back_to_a_new_process_costs_the_database_little(
    machine: Machine, home: Home, record_property: Report
) -> None:
    """It knows nobody yet: who each is, and what they may enter; where it is slow, that once more."""
    crowd = Crowd(home, CROWD, processes=(0,))
    async with crowd.present(), home.chat("bob", process=1) as bob:
        with noted(machine.stack) as statements:
            machine.kill("web-0")
            await crowd.all_in(2)
        said = await bob.say("is everybody back?")
        await crowd.all_heard(said["seq"])
    record_property("statements", len(statements))
    assert _asked_for_all(statements) < FOR_ALL
    assert len(statements) < 4 * CROWD, Counter(each[:60] for each in statements)


def _asked_for_all(statements: list[str]) -> int:
    """How often the database was asked which tenant this is, and what is known of the key."""
    return sum("slug = $1" in each or 'k."id" = $1' in each for each in statements)
