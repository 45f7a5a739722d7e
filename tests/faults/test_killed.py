"""`kill -9` in the middle of a conversation: everything comes back by itself, and nothing acknowledged is lost."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.faults.conversation import Conversation
from tests.faults.machine import Machine
from tests.personas import Workspace

Report = Callable[[str, object], None]


@pytest.mark.parametrize(
    "victims", [("web-0",), ("web-0", "web-1"), ("valkey",), ("postgres",), ("worker",)], ids="-".join
)
async def test_a_killed_process_costs_nobody_a_message(
    machine: Machine, room_for_talk: Workspace, victims: tuple[str, ...], record_property: Report
) -> None:
    async with Conversation(machine, room_for_talk).going_on() as talk:
        await talk.for_seconds(1)
        began = time.monotonic()
        recovered = machine.kill(*victims)
        record_property("answered again", await talk.answered_after(began + 0.05))
        record_property("recovered", await asyncio.to_thread(recovered))
        await talk.for_seconds(1)

    assert [machine.readiness(process) for process in (0, 1)] == [200, 200]
