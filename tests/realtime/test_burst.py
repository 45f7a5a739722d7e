"""Many at once, and much from one: neither may cost others anything."""

from __future__ import annotations

import asyncio
import time

from tests.personas import Workspace


async def test_a_burst_of_handshakes_is_let_in_to_the_last(business: Workspace) -> None:
    tokens = [business.token(f"u{number}") for number in range(250)]
    sockets = await asyncio.gather(*(business.connect(token) for token in tokens))
    try:
        firsts = await asyncio.gather(*(socket.next(30) for socket in sockets))
        assert {frame["type"] for frame in firsts} == {"online_users"}
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))


async def test_a_stuttering_typist_is_heard_a_few_times_only(workspace: Workspace) -> None:
    async with (
        workspace.chat(workspace.token("bob")) as typist,
        workspace.chat(workspace.token("ann")) as other,
    ):
        await typist.entered()
        await other.entered()
        for number in range(300):
            await typist.send("typing", is_typing=number % 2 == 0)
        await typist.say("done")

        heard = 0
        while (frame := await other.next())["type"] != "chat_message":
            heard += frame["type"] == "typing"
        assert 1 <= heard <= 20


async def test_a_runaway_reader_waits_its_turn_and_is_never_refused(workspace: Workspace) -> None:
    """Whoever was away for long has much to read: only sends are refused for their rate."""
    async with workspace.chat(workspace.token("bob")) as reader:
        await reader.entered()
        begun = time.monotonic()
        for _ in range(115):
            await reader.send("history", limit=1)
        for _ in range(115):
            assert (await reader.next())["type"] == "history"
        assert time.monotonic() - begun > 1.4
        await reader.say("still here")
