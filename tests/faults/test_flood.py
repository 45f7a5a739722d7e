"""Somebody who sends and sends: told so, then closed, and nobody else notices."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed

from realtime.events import CloseCode, ErrorCode
from tenants.plans import PLANS
from tests.faults.machine import Home, Machine
from tests.personas import Chat

Report = Callable[[str, object], None]

MEBIBYTE = 1024 * 1024
LIMIT = PLANS["business"].limits.messages_per_10s
FLOODERS = 5
# Offered at once by each: far more than ten times the limit.
OFFERED = 30 * LIMIT
# Seconds, and how many times as long as without a flood, which tells how busy the machine is anyway.
HEARD_WITHIN, SLOWER = 1.5, 5


async def test_a_flood_is_refused_then_closed_and_the_others_talk_on(
    machine: Machine, home: Home, record_property: Report
) -> None:
    before = peak = machine.memory("web-0")
    names = [f"{home.room}-f{n}" for n in range(FLOODERS)]
    flooders = [await home.workspace.connect(home.workspace.token(name), home.room) for name in names]
    async with home.chat("bob", process=0) as bob, home.chat("ann", process=1) as ann:
        await bob.entered()
        await ann.entered()
        quiet = [await _heard(bob, ann) for _ in range(10)]
        floods = [asyncio.create_task(_flood(*each)) for each in zip(flooders, names, strict=True)]
        waits = []
        while not all(flood.done() for flood in floods):
            waits.append(await _heard(bob, ann))
            peak = max(peak, machine.memory("web-0"))
            await asyncio.sleep(0.15)
        outcomes = await asyncio.gather(*floods)
    record_property("longest wait of the others", max(waits))
    for code, answers in outcomes:
        assert code == CloseCode.FLOODING
        # Every single one was answered, up to the one too many; and the window that moves let in little more.
        assert answers.keys() == {"chat_message", ErrorCode.RATE_LIMITED}
        assert answers.total() >= 10 * LIMIT
        assert LIMIT <= answers["chat_message"] <= 2 * LIMIT
    assert max(waits) < HEARD_WITHIN + SLOWER * max(quiet)
    assert peak - before < 30 * MEBIBYTE, f"{(peak - before) / MEBIBYTE:.0f} MiB more"
    kept = Counter(each.sender for each in home.stored())
    assert [kept[name] for name in names] == [answers["chat_message"] for _, answers in outcomes]
    assert await home.opens() == [200, 200]


async def _heard(speaker: Chat, listener: Chat) -> float:
    """How many seconds it takes until one is acknowledged and the other hears it."""
    began = time.monotonic()
    said = await speaker.say("as ever")
    assert await listener.until("chat_message", client_id=said["client_id"]) == said
    return time.monotonic() - began


async def _flood(chat: Chat, name: str) -> tuple[int, Counter[str]]:
    """Send without a pause until the server has had enough; its code, and how often it answered what."""
    sending = asyncio.create_task(_send(chat))
    answers: Counter[str] = Counter()
    try:
        while True:
            frame = await chat.next()
            if frame["type"] == "error":
                assert frame["retry_after"] > 0
                answers[frame["error"]["code"]] += 1
            elif frame["type"] == "chat_message" and frame["user_id"] == name:
                answers["chat_message"] += 1
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006, answers
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(chat: Chat) -> None:
    for n in range(OFFERED):
        await chat.raw(json.dumps({"type": "chat_message", "message": "flood " * 100, "client_id": f"c-{n}"}))
