"""The wire itself: requests that are no good, frames that break the rules, and the settings they meet."""

from __future__ import annotations

import asyncio

import pytest
from websockets.frames import Frame, Opcode

from realtime.frames import MOST_FRAMES
from tests.personas import Workspace


async def test_a_request_that_is_too_long_is_not_kept_waiting(workspace: Workspace) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", workspace.ports[0])
    lines = [
        f"GET /ws/chat/general/?token={'x' * 9000} HTTP/1.1",
        f"Host: {workspace.host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(3):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 414 ")
    writer.close()


async def test_text_that_is_no_utf_8_closes_that_socket_alone(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.token("ann")) as ann:
        await bob.entered()
        await ann.entered()
        bad = Frame(Opcode.TEXT, b'{"type":"ping","pad":"\xff"}').serialize(mask=True)
        bob.connection.transport.write(bad)
        assert await bob.closed() == 1007
        await ann.say("still here")


async def test_a_message_in_fragments_is_a_message(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        await bob.connection.send(['{"type":"chat_', 'message","mess', 'age":"hello"}'])
        assert (await bob.next())["message"] == "hello"


async def test_frames_are_not_compressed(workspace: Workspace) -> None:
    import websockets

    url = f"ws://{workspace.host}:{workspace.ports[0]}/ws/basic/"
    connection = await websockets.connect(url, host="127.0.0.1", port=workspace.ports[0], proxy=None)
    assert connection.protocol.extensions == []  # it was offered, as browsers do
    await connection.close()


async def test_a_query_of_many_parameters_is_no_fault_of_ours(workspace: Workspace) -> None:
    query = "&".join(f"p{n}={n}" for n in range(400))
    async with workspace.chat(workspace.token("bob"), query=query) as bob:
        await bob.entered()


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.TEXT], ids=["pings", "pongs", "texts"])
async def test_a_flood_of_empty_frames_ends_whoever_sends_it(workspace: Workspace, opcode: Opcode) -> None:
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.token("ann")) as ann:
        await bob.entered()
        await ann.entered()
        bob.connection.transport.write(Frame(opcode, b"").serialize(mask=True) * (MOST_FRAMES + 1))
        assert await bob.closed() == 4029
        await ann.say("still here")


@pytest.mark.parametrize(
    ("version", "headers"),
    [("1.0", []), ("1.1", ["Content-Length: 5"]), ("1.1", ["Transfer-Encoding: chunked"])],
    ids=["an old version", "a body", "chunks"],
)
async def test_a_request_that_may_not_ask_for_a_socket_gets_none(
    workspace: Workspace, version: str, headers: list[str]
) -> None:
    answer = await knock(workspace, version, *headers)
    assert not answer.startswith(b"HTTP/1.1 101 ")


async def test_whoever_talks_before_the_answer_reads_the_answer_first(workspace: Workspace) -> None:
    for _ in range(20):
        early = Frame(Opcode.PING, b"HTTP/1.1 200 OK").serialize(mask=True)
        answer = await knock(workspace, "1.1", then=early)
        assert answer.startswith(b"HTTP/1.1 101 ")


async def knock(workspace: Workspace, version: str, *headers: str, then: bytes = b"") -> bytes:
    """What the server says to a request for a socket, and something right behind it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", workspace.ports[0])
    lines = [
        f"GET /ws/chat/general/?token={workspace.token('bob')} HTTP/{version}",
        f"Host: {workspace.host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
    await asyncio.sleep(0)
    writer.write(then)
    answer = b""
    try:
        async with asyncio.timeout(3):
            while b"\r\n\r\n" not in answer:
                if not (more := await reader.read(65536)):
                    break
                answer += more
    finally:
        writer.transport.abort()
    return answer
