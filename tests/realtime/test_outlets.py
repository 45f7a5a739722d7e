"""The way out to one socket: never waits, never grows without end, and takes its last words along."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime.events import CloseCode, Frame
from realtime.outlets import MOST_BACKLOG, AsgiOutlet, Burst, WireOutlet


class Stalled:
    """A transport whose reader has stopped reading."""

    def __init__(self) -> None:
        self.waiting = 0
        self.closed: tuple[int, str] | None = None
        self.closing = False

    def write(self, data: bytes) -> int:
        before, self.waiting = self.waiting, self.waiting + len(data)
        return before

    def backlog(self) -> int:
        return self.waiting

    def close(self, code: int, reason: str) -> None:
        assert self.closed is None
        self.closed = (code, reason)


def burst(size: int) -> Burst:
    return Burst([Frame(b"x" * size)])


def test_a_reader_that_does_not_read_is_closed_and_gets_nothing_more() -> None:
    transport = Stalled()
    outlet = WireOutlet(transport)
    for _ in range(2000):
        outlet.push(burst(1000))
    assert outlet.closed
    assert transport.closed is not None
    assert transport.closed[0] == CloseCode.TOO_SLOW
    assert MOST_BACKLOG < transport.waiting < MOST_BACKLOG + 10_000


def test_one_large_answer_is_no_fault_of_the_readers() -> None:
    transport = Stalled()
    outlet = WireOutlet(transport)
    outlet.push(burst(3 * MOST_BACKLOG))
    for _ in range(100):
        outlet.push(burst(1000))
    assert not outlet.closed
    outlet.push(burst(3 * MOST_BACKLOG))  # but nobody can ask for large answers and never read one
    outlet.push(burst(1000))
    assert transport.closed is not None
    assert transport.closed[0] == CloseCode.TOO_SLOW
    assert transport.waiting < 8 * MOST_BACKLOG


def test_a_reader_that_caught_up_may_fall_behind_again() -> None:
    transport = Stalled()
    outlet = WireOutlet(transport)
    for _ in range(5):
        outlet.push(burst(MOST_BACKLOG))
        transport.waiting = 0
    assert transport.closed is None


async def test_through_plain_asgi_frames_leave_in_order_and_the_close_comes_last() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    outlet = AsgiOutlet(send)
    for n in range(5):
        outlet.push(Burst([Frame(str(n).encode())]))
    outlet.close(4001, "out")
    outlet.push(burst(1))  # too late
    outlet.close(4002)
    await outlet.end()
    assert [message.get("text") for message in sent[:-1]] == ["0", "1", "2", "3", "4"]
    assert (sent[-1]["type"], sent[-1]["code"], sent[-1]["reason"]) == ("websocket.close", 4001, "out")


async def test_through_plain_asgi_a_stalled_reader_is_given_up() -> None:
    async def send(message: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    outlet = AsgiOutlet(send)
    for _ in range(2000):
        outlet.push(burst(1000))
    assert outlet.closed
    async with asyncio.timeout(3):
        await outlet.end()


async def test_through_plain_asgi_a_socket_that_broke_is_closed() -> None:
    async def send(message: dict[str, Any]) -> None:
        raise OSError("gone")

    outlet = AsgiOutlet(send)
    outlet.push(burst(1))
    await asyncio.sleep(0.01)
    assert outlet.closed
    await outlet.end()


def test_frames_are_put_on_the_wire_as_rfc_6455_says() -> None:
    for size, head in (
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_536, b"\x81\x7f"),
    ):
        wire = Frame(b"x" * size).wire
        assert wire.startswith(head)
        assert wire.endswith(b"x" * size)
        assert len(wire) == size + (2 if size < 126 else 4 if size < 65_536 else 10)
