"""What one reader that has stopped reading does to everyone else in its room, and what becomes of it.

The same load with and without it, in turns on one server; the messages are long enough that what a server may keep for
one reader is full before the run ends.
"""

import asyncio
import socket
import struct
from dataclasses import replace
from statistics import median

from bench.client import request
from bench.crowd import crowd
from bench.fanout import figures, spoken
from bench.figures import CannotBeTrueError, Figures
from bench.processes import Stopwatch
from bench.shapes import Shape
from bench.target import PlainJson, Target

_PAIRS = 3
_FLOOD = 1.2 * 1024 * 1024  # bytes: our backlog of 1 MiB, and what the kernel takes before it
# It must read the close before our server cuts the connection, 5 s after; until then it reads nothing.
_LAST_SECONDS = 3.0
_BUFFER = 4096  # bytes, of the kernel for this reader
# As over an Ethernet: a kernel keeps megabytes for a peer that takes loopback's segments of 64 KiB.
_SEGMENT = 1460
_TOO_SLOW, _CUT, _OPEN = 4008, 1006, 0
_ENTRY_TIMEOUT = 20.0


async def stalled(target: Target, shape: Shape) -> Figures:
    """One run: medians of several turns. p99 is of the others, in milliseconds. Raises CannotBeTrueError."""
    if not isinstance(target.dialect, PlainJson):
        raise CannotBeTrueError("its clients must speak before they are in, and this one only stalls")
    shape = replace(shape, length=length_for(shape))
    found: dict[bool, list[Figures]] = {True: [], False: []}
    codes: list[int] = []
    for turn in range(2 * _PAIRS):
        with_one = turn % 4 in (1, 2)  # without, with, with, without: what drifts falls on both
        others = replace(shape, connections=shape.connections - with_one)
        async with crowd(target) as people:
            await people.enter(others.clients)
            if people.failures:
                raise CannotBeTrueError(
                    f"{len(people.failures)} clients did not get in: {people.failures[0]}"
                )
            await people.settle()
            await spoken(people, others, 1)
            reader = await Stalled.enter(target, shape) if with_one else None
            await people.settle()
            watch = Stopwatch(target.processes)
            tally = await spoken(people, others, shape.seconds)
            found[with_one].append(watch.stop() | figures(target, others, tally, watch.wall, watch.used))
            if reader is not None:
                codes.append(await asyncio.to_thread(reader.close_code))
    without, with_it = (median(each["p99_ms"] for each in found[kind]) for kind in (False, True))
    return {
        "p99_without_ms": without,
        "p99_with_ms": with_it,
        "change_percent": (with_it / without - 1) * 100,
        "p99_without_spread_ms": spread(found[False]),
        "p99_with_spread_ms": spread(found[True]),
        "delivered_share": min(each["delivered_share"] for runs in found.values() for each in runs),
        "others_cpu_share": max(each["others_cpu_share"] for runs in found.values() for each in runs),
        "closed_share": sum(code != _OPEN for code in codes) / len(codes),
        "closed_4008_share": codes.count(_TOO_SLOW) / len(codes),
    }


def spread(runs: list[Figures]) -> float:
    """How far the runs' p99 lie apart: a change below that says nothing."""
    each = [run["p99_ms"] for run in runs]
    return max(each) - min(each)


def length_for(shape: Shape) -> int:
    """Characters a message, so that a reader who has stopped is closed a few seconds before the run ends."""
    seconds = max(1.0, shape.seconds - _LAST_SECONDS)
    return min(9_000, round(_FLOOD / (shape.rate * seconds)))


class Stalled:
    """A client that came in and then reads nothing; a plain socket, so that nothing reads on its behalf."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    @classmethod
    async def enter(cls, target: Target, shape: Shape) -> "Stalled":
        door = target.door(shape.connections - 1, shape.room_names[0])
        return await asyncio.to_thread(cls._enter, door.port or target.port, request(door))

    @classmethod
    def _enter(cls, port: int, words: bytes) -> "Stalled":
        wire = socket.socket()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        wire.settimeout(_ENTRY_TIMEOUT)
        wire.connect(("127.0.0.1", port))
        wire.sendall(words)
        if not wire.recv(4096).startswith(b"HTTP/1.1 101"):
            raise CannotBeTrueError("the reader that is to stall did not get in")
        return cls(wire)

    def close_code(self) -> int:
        """Read all that waits; the code of the close at its end. 1006 where the connection ended without one, 0 where
        it is still open."""
        heard = bytearray()
        self._wire.settimeout(1)
        try:
            while data := self._wire.recv(1 << 16):
                heard += data
                code = code_at_end(heard)
                if code:
                    return code
        except TimeoutError:
            return _OPEN
        except ConnectionError:
            return _CUT
        finally:
            self._wire.close()
        return _CUT


def code_at_end(heard: bytearray) -> int:
    """The code of a close frame, if that is what these bytes end with; 0 otherwise."""
    found = bytes(heard).rfind(b"\x88")
    tail = heard[found:] if found >= 0 else b""
    if len(tail) < 4 or len(tail) != 2 + tail[1]:
        return 0
    return int(struct.unpack("!H", tail[2:4])[0])
