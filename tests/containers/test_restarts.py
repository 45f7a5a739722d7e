"""A conversation through nginx, over two web processes: the restart of either costs nobody a message."""

import asyncio
import signal
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.containers.node import Node, until
from tests.containers.visitors import FrontedWorkspace
from tests.faults.conversation import Conversation
from tests.faults.machine import Home

Report = Callable[[str, object], None]

RESTARTING, CUT = 1012, 1006


def took_part(node: Node, shop: FrontedWorkspace, process: int) -> bool:
    """Whether this process has held sockets of its own clients: nginx says so, when they are closed."""
    sockets = [line for line in node.front.requests(shop.address(process)) if line["status"] == "101"]
    return node.webs[process].address in {line["upstream"] for line in sockets}


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
@pytest.mark.parametrize("victim", [0, 1])
async def test_the_restart_of_either_costs_nobody_a_message(
    node: Node,
    home: Home,
    shop: FrontedWorkspace,
    victim: int,
    with_signal: signal.Signals,
    record_property: Report,
) -> None:
    web = node.webs[victim]
    async with Conversation(home).going_on() as talk:
        await talk.for_seconds(0.5)
        ended_at = time.monotonic()
        code = await asyncio.to_thread(web.end, with_signal)
        record_property("ended after", time.monotonic() - ended_at)
        # Nothing runs at its place: whoever was there goes on at the other.
        record_property("everybody was answered after", await talk.answered_after(time.monotonic()))
        await asyncio.to_thread(web.start)
        await talk.answered_after(time.monotonic())

        gone = {
            client.name: client.closes
            for client in (*talk.senders, *talk.readers)
            if client.process == victim
        }
        stayed = [client.closes for client in (*talk.senders, *talk.readers) if client.process != victim]
        assert set(map(tuple, gone.values())) == {(RESTARTING if with_signal == signal.SIGTERM else CUT,)}
        assert stayed == [[]] * len(stayed)  # those at the other process noticed nothing

    assert code == (0 if with_signal == signal.SIGTERM else -signal.SIGKILL)
    for process in (0, 1):
        written = partial(took_part, node, shop, process)
        await asyncio.to_thread(until, written, "sockets of both to be written down")
    await asyncio.to_thread(
        until, lambda: shop.process_of(shop.address(victim)) == victim, "clients to come home"
    )
    assert await home.opens() == [200, 200]


async def test_while_one_is_away_newcomers_get_to_the_other_at_once(
    node: Node, home: Home, shop: FrontedWorkspace
) -> None:
    address = shop.address(0)
    node.webs[0].end(signal.SIGTERM)
    try:
        for n in range(3):
            began = time.monotonic()
            async with shop.chat(shop.token("ann"), home.room, address=address) as chat:
                await chat.entered()
                await chat.say(f"hello {n}")
            with shop.http(shop.secret, address=address) as api:  # a POST, too: it was sent to nobody else
                said = {"message": f"posted {n}", "sub": "ann"}
                assert api.post(f"/api/v1/rooms/{home.room}/messages", json=said).status_code == 201
            assert time.monotonic() - began < 5
    finally:
        node.webs[0].start()
    assert len(home.stored()) == 6
    first = next(line for line in node.front.requests(address) if ", " in line["upstream"])
    assert first["upstream_status"].startswith("502, ")
    await asyncio.to_thread(until, lambda: shop.process_of(address) == 0, "clients to come home")


async def test_one_deployed_after_the_other_leaves_somebody_to_answer_at_any_time(
    node: Node, home: Home, shop: FrontedWorkspace
) -> None:
    answers: list[int] = []
    done = False

    def visitor() -> None:
        with (
            shop.http(shop.secret, address=shop.address(0)) as one,
            shop.http(shop.secret, address=shop.address(1)) as other,
        ):
            while not done:
                answers.extend(api.get("/api/v1/rooms").status_code for api in (one, other))
                time.sleep(0.02)

    asking = asyncio.create_task(asyncio.to_thread(visitor))
    try:
        async with Conversation(home, senders=1, readers=1).going_on() as talk:
            for web in node.webs:
                await asyncio.to_thread(web.end, signal.SIGTERM)
                await asyncio.to_thread(web.start)
                await talk.answered_after(time.monotonic())
                await asyncio.sleep(1.2)  # for a second nginx passes over whoever did not answer
    finally:
        done = True
        await asking
    assert set(answers) == {200}
    assert len(answers) > 50
