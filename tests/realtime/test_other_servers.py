"""The application on daphne, which has neither our extension nor the one for refusing with a document."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ops.local import Stack
from ops.local.network import listen, port_of
from tests.personas import Refused, Workspace
from tests.realtime.office import revoke_key


@pytest.fixture
def daphne(stack: Stack) -> Iterator[int]:
    """Its port."""
    with listen("127.0.0.1", 0) as free:
        port = port_of(free)
    log = stack.data_dir.logs / "daphne.log"
    with log.open("wb") as out:
        program = [
            sys.executable,
            "-m",
            "daphne",
            "-b",
            "127.0.0.1",
            "-p",
            str(port),
            "config.asgi:application",
        ]
        process = subprocess.Popen(program, env=stack.env, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


async def test_a_conversation_between_servers(workspace: Workspace, daphne: int) -> None:
    there = replace(workspace, ports=(daphne, daphne))
    async with (
        there.chat(there.token("bob", name="Bob"), snug=False) as bob,
        workspace.chat(workspace.token("ann", name="Ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        echo = await bob.say("hello")
        assert await ann.until("chat_message") == echo
        assert (await ann.say("hello Bob"))["seq"] == 2
        assert (await bob.until("chat_message"))["message"] == "hello Bob"
        await revoke_key(workspace)
        assert await bob.closed(2) == 4001

    refused = await there.connect("nonsense")
    assert await refused.closed() == 4001
    with pytest.raises(Refused) as plain:
        await there.connect("nonsense", snug=False)
    assert plain.value.status == 403
