"""Somebody who never reads, in a room where a lot is said."""

import asyncio
import base64
import json
import secrets
import socket
import time

from realtime.outlets import LONGEST_STALL
from tests.faults.conversation import Reader
from tests.faults.machine import Home, Machine

MEBIBYTE = 1024 * 1024
# The longest a message may be, in letters that take four bytes each.
LONG = "\N{GRINNING FACE}" * 10_000
SENDERS, EACH = 5, 60
# The server's buffer and the kernel's; beyond that somebody who does not read is closed, and cut off if need be.
CUT_OFF_WITHIN = 15


async def test_one_who_never_reads_is_cut_off_and_nobody_else_notices(machine: Machine, home: Home) -> None:
    staller = _stall(home, "staller")
    readers = [Reader(home, f"{home.room}-r{n}", 0) for n in range(3)]
    reading = [asyncio.create_task(reader.run()) for reader in readers]
    before = machine.memory("web-0")
    peak = before
    try:
        began = time.monotonic()
        senders = [asyncio.create_task(_flood(home, f"{home.room}-s{n}")) for n in range(SENDERS)]
        while not all(task.done() for task in senders):
            peak = max(peak, machine.memory("web-0"))
            await asyncio.sleep(0.05)
        await asyncio.gather(*senders)
        stored = home.stored()
        async with asyncio.timeout(10):
            while any(reader.seq < len(stored) for reader in readers):
                await asyncio.sleep(0.02)
        flooded = time.monotonic() - began
        async with asyncio.timeout(CUT_OFF_WITHIN):
            while not _is_cut_off(staller):
                await asyncio.sleep(0.1)
    finally:
        staller.close()
        for reader, task in zip(readers, reading, strict=True):
            reader.done = True
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    assert len(stored) == SENDERS * EACH
    for reader in readers:
        assert (reader.wrong, reader.closes) == ([], [])
        assert [message["message_id"] for message in reader.seen] == [each.message_id for each in stored]
    assert "'staller'" in next(line for line in machine.said().splitlines() if "disconnected 4008" in line)
    assert peak - before < 60 * MEBIBYTE, f"{(peak - before) / MEBIBYTE:.0f} MiB more in {flooded:.1f} s"
    assert await home.opens() == [200, 200]


async def test_who_stops_reading_in_a_resume_is_closed_however_much_they_say(
    machine: Machine, home: Home
) -> None:
    """While its pages are told, nothing that it sends is read: no ping of ours could find it out."""
    await asyncio.gather(*(_flood(home, f"{home.room}-s{n}") for n in range(SENDERS)))
    ping = json.dumps({"type": "ping"}).encode()
    stallers = [_stall(home, f"resumer-{n}", "&since=0&rev=0") for n in range(3)]
    try:
        for staller in stallers:
            staller.sendall(20 * (bytes([0x81, 0x80 | len(ping), 0, 0, 0, 0]) + ping))
        async with asyncio.timeout(LONGEST_STALL + CUT_OFF_WITHIN):
            while not all(_is_cut_off(staller) for staller in stallers):
                await asyncio.sleep(0.1)
    finally:
        for staller in stallers:
            staller.close()
    said = [
        line for line in machine.said().splitlines() if "disconnected 4008" in line and "'resumer-" in line
    ]
    assert len(said) == len(stallers)
    assert await home.opens() == [200, 200]


async def _flood(home: Home, name: str) -> None:
    async with home.chat(name, process=0) as chat:
        await chat.entered()
        for n in range(EACH):
            said = {"type": "chat_message", "message": LONG, "client_id": f"{name}-{n}"}
            await chat.raw(json.dumps(said, ensure_ascii=False))
            await chat.until("chat_message", client_id=f"{name}-{n}")


def _stall(home: Home, name: str, more: str = "") -> socket.socket:
    """A socket that shakes hands and then reads nothing."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.settimeout(5)
    wire.connect(("127.0.0.1", home.workspace.ports[0]))
    request = (
        f"GET /ws/chat/{home.room}/?token={home.workspace.token(name)}{more} HTTP/1.1",
        f"Host: {home.workspace.host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
    )
    wire.sendall("\r\n".join((*request, "", "")).encode())
    assert wire.recv(12).startswith(b"HTTP/1.1 101")
    return wire


def _is_cut_off(wire: socket.socket) -> bool:
    """Whether the server has reset the connection. What the kernel holds for us stays unread."""
    state = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return state[0] == 7  # TCP_CLOSE
