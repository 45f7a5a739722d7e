"""Frames as RFC 6455 does not want them, and just as it allows them: the one who sends them may be closed, with a code
that says why; nobody else hears of it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.hostile.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Wire, frame, opened
from tests.personas import Workspace

MOST = 64 * 1024
PATHS = ["/ws/chat/general/", "/ws/", "/ws/basic/"]


def padded(size: int, pad: str = "x") -> bytes:
    """A ping of this many bytes."""
    empty = json.dumps({"type": "ping", "ref": "big", "pad": ""}).encode()
    letters = pad * ((size - len(empty)) // len(pad.encode()))
    text = json.dumps({"type": "ping", "ref": "big", "pad": letters}, ensure_ascii=False).encode()
    return text[:-2] + b" " * (size - len(text)) + text[-2:]


@asynccontextmanager
async def entered(workspace: Workspace, path: str) -> AsyncIterator[Wire]:
    async with opened(workspace, f"{path}?token={workspace.token('bob')}") as wire:
        yield wire


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def alive(wire: Wire) -> None:
    wire.say("ping", ref="alive")
    await wire.until("pong", ref="alive")


@pytest.mark.parametrize("pad", ["x", "é", "😀"])
async def test_a_frame_of_64_kib_is_heard_and_one_byte_more_is_not(
    target: Workspace, path: str, pad: str
) -> None:
    assert len(padded(MOST, pad)) == MOST
    async with entered(target, path) as wire:
        wire.write(frame(TEXT, padded(MOST, pad)))
        await wire.until("pong", ref="big")
        await alive(wire)
        wire.write(frame(TEXT, padded(MOST + 1, pad)))
        assert await wire.closed() == 1009


async def test_fragments_count_together(target: Workspace, path: str) -> None:
    async with entered(target, path) as wire:
        parts = [padded(MOST)[at : at + 1000] for at in range(0, MOST, 1000)]
        for number, part in enumerate(parts):
            opcode = CONTINUATION if number else TEXT
            wire.write(frame(opcode, part, fin=number == len(parts) - 1))
            wire.write(frame(PING, b"between"))
        await wire.until("pong", ref="big")
        wire.write(frame(TEXT, b"x" * MOST, fin=False) + frame(CONTINUATION, b"x"))
        assert await wire.closed() == 1009


async def test_fragments_may_be_empty_and_cut_a_letter_in_two(target: Workspace, path: str) -> None:
    text = json.dumps({"type": "nö😀", "ref": "é"}, ensure_ascii=False).encode()
    async with entered(target, path) as wire:
        wire.write(frame(TEXT, fin=False))
        for byte in text:
            wire.write(frame(CONTINUATION, bytes([byte]), fin=False))
        wire.write(frame(CONTINUATION))
        refused = await wire.until("error", ref="é")
        assert refused["error"]["code"] == "UNKNOWN_TYPE"
        await alive(wire)


async def test_bytes_may_arrive_one_by_one(target: Workspace, path: str) -> None:
    async with entered(target, path) as wire:
        for byte in frame(TEXT, b'{"type":"ping","ref":"slow"}'):
            wire.write(bytes([byte]))
            await wire.writer.drain()
        await wire.until("pong", ref="slow")


async def test_many_frames_may_arrive_at_once(target: Workspace, path: str) -> None:
    async with entered(target, path) as wire:
        wire.write(b"".join(frame(TEXT, b'{"type":"ping","ref":%d}' % n) for n in range(500)))
        for number in range(500):
            await wire.until("pong", ref=number)


async def test_an_empty_frame_is_no_json(target: Workspace, path: str) -> None:
    async with entered(target, path) as wire:
        wire.write(frame(TEXT))
        assert (await wire.until("error"))["error"]["code"] == "INVALID_JSON"
        await alive(wire)


async def test_what_belongs_to_the_protocol_is_not_for_us(target: Workspace, path: str) -> None:
    async with entered(target, path) as wire:
        wire.write(frame(PONG, b"nobody asked") + frame(PONG) + frame(PING, b"\x00\xff" * 62))
        while (said := await wire.next())[0] != PONG:
            pass
        assert said == (PONG, b"\x00\xff" * 62)
        await alive(wire)


SOME = (0, 1000, 1002, 1005, 1009)  # the protocol leaves it open
CLOSED: dict[str, tuple[bytes, int | tuple[int, ...]]] = {
    "a binary frame": (frame(BINARY, b'{"type":"ping"}'), 1003),
    "an empty binary frame": (frame(BINARY), 1003),
    "a binary frame in fragments": (frame(BINARY, b"{", fin=False) + frame(CONTINUATION, b"}"), 1003),
    "text that is no UTF-8": (frame(TEXT, b'{"type":"\xff"}'), 1007),
    "a surrogate in UTF-8": (frame(TEXT, b'{"type":"\xed\xa0\x80"}'), 1007),
    "an overlong letter": (frame(TEXT, b'{"type":"\xc0\xaf"}'), 1007),
    "half a letter at the end": (frame(TEXT, b'{"type":"ping"}\xe2\x82'), 1007),
    "more after text that is no UTF-8": (
        frame(TEXT, b"\xff") + frame(PING, b"x") * 50 + frame(TEXT, b"{}"),
        1007,
    ),
    "more after a frame too large": (frame(TEXT, b"x" * (MOST + 1)) + frame(TEXT, b"x" * MOST) * 20, 1009),
    "a length of 64 KiB and no bytes": (b"\x81\xff" + (MOST + 1).to_bytes(8, "big"), 1009),
    "a length of 2^62": (b"\x81\xff" + (2**62).to_bytes(8, "big") + b"mask", 1009),
    "a length beyond 2^63": (b"\x81\xff" + b"\xff" * 8 + b"mask", SOME),
    "a frame without a mask": (frame(TEXT, b'{"type":"ping"}', masked=False), 1002),
    "a reserved bit": (frame(TEXT, b'{"type":"ping"}', rsv=4), 1002),
    "an unknown opcode": (frame(5, b"x"), 1002),
    "an unknown control opcode": (frame(11, b"x"), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close with a code that is none": (frame(CLOSE, b"\x00\x01"), 1002),
    "a close whose reason is no UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "a close of 126 bytes": (frame(CLOSE, b"\x03\xe8" + b"x" * 124), 1002),
    "a close": (frame(CLOSE, b"\x03\xe8bye"), 1000),
    "a close without a code": (frame(CLOSE), SOME),
    "a close in the middle of a message": (frame(TEXT, b"{", fin=False) + frame(CLOSE, b"\x03\xe8"), SOME),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50, 1002),
    "a request": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 1002),
}


@pytest.mark.parametrize("what", CLOSED)
async def test_what_breaks_the_protocol_is_closed_with_a_code_and_disturbs_nobody(
    target: Workspace, path: str, what: str
) -> None:
    said, code = CLOSED[what]
    async with entered(target, path) as other, entered(target, path) as wire:
        await alive(wire)
        wire.write(said)
        assert await wire.closed() in (code if isinstance(code, tuple) else (code,))
        await alive(other)


async def test_half_a_frame_and_half_a_close_are_nobody_elses_trouble(fresh: Workspace, path: str) -> None:
    async with entered(fresh, path) as other:
        for whole in (frame(TEXT, b'{"type":"ping"}'), frame(CLOSE, b"\x03\xe8bye"), frame(PING, b"x" * 100)):
            for cut in range(1, len(whole), 3):
                async with entered(fresh, path) as wire:
                    wire.write(whole[:cut])
                    await wire.writer.drain()
            await alive(other)


async def test_any_bytes_at_all_after_the_handshake(fresh: Workspace, path: str) -> None:
    chance = random.Random(path)
    async with entered(fresh, path) as other:
        for _ in range(60):
            async with entered(fresh, path) as wire:
                wire.write(chance.randbytes(chance.choice([1, 2, 7, 60, 2_000])))
                wire.writer.write_eof()
                closed = await wire.closed()
                assert closed in (0, 1000, 1002, 1003, 1005, 1007, 1009), closed
            await alive(other)


async def test_pings_whose_answers_nobody_reads_do_not_pile_up(target: Workspace) -> None:
    general = PATHS[0]
    async with entered(target, general) as other, entered(target, general) as wire:
        wire.reader._transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await _ask_and_ask(wire)
        await alive(other)


async def _ask_and_ask(wire: Wire) -> None:
    pings = frame(PING, b"x" * 125) * 4_000
    async with asyncio.timeout(20):  # it is told to go at once, and cut off when it does not
        while True:
            wire.write(pings)
            await wire.writer.drain()
            await asyncio.sleep(0.01)
