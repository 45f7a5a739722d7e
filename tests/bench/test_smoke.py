"""A tiny run of each measurement against the real product: figures that cannot be true fail it."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.commits import commit_times
from bench.crowd import crowd
from bench.durable import durable
from bench.entries import connects, memory
from bench.fanout import fanout, spoken
from bench.peers import snug
from bench.peers.starting import PeerUnavailableError
from bench.processes import CpuMeter, Stopwatch, memory_bytes
from bench.search import found
from bench.shapes import Shape
from bench.slow_disk import slow_database
from bench.stalled import Stalled
from ops.local import Stack


@pytest.mark.parametrize("rooms", [1, 4])
async def test_every_message_reaches_every_reader_of_its_room_and_the_database(
    stack: Stack, rooms: int
) -> None:
    shape = Shape(rooms=rooms, connections=8, rate=20, seconds=1)
    found = await fanout(snug.target(stack, shape), shape)
    assert found["delivered_share"] == 1.0
    assert found["stored_share"] == 1.0
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
    assert found["p50_ms"] <= found["last_p99_ms"] <= found["max_ms"]
    assert found["server_us"] > 0


async def test_rooms_of_several_tenants_over_two_web_processes_hear_all_of_theirs(stack: Stack) -> None:
    shape = Shape(rooms=4, connections=16, rate=20, seconds=1, workers=2, tenants=2)
    found = await fanout(snug.target(stack, shape), shape)
    assert (found["delivered_share"], found["stored_share"]) == (1.0, 1.0)


async def test_every_acknowledged_message_is_counted_in_the_database(stack: Stack) -> None:
    shape = Shape(rooms=4, connections=8, rate=1, seconds=0.5, outstanding=2)
    found = await durable(snug.target(stack, shape), shape)
    assert found["acknowledged_share"] == 1.0
    assert found["durable_per_s"] > 0
    assert found["ratio"] == found["durable_per_s"] / found["one_commit_per_s"]


def test_what_is_filled_in_is_indexed_and_found(stack: Stack) -> None:
    side = snug.target(stack, Shape(rooms=1, connections=1, rate=1, seconds=1)).search
    assert side is not None
    figures = found(side, 300, 2)
    assert (figures["beginning_hits"], figures["indexed_per_s"] > 0) == (50, True)


async def test_a_reader_that_stalls_is_seen_to_be_closed_as_too_slow(stack: Stack) -> None:
    shape = Shape(rooms=1, connections=3, rate=100, seconds=2, length=9_000)
    target = snug.target(stack, shape)
    async with crowd(target) as people:
        await people.enter(shape.clients[:2])
        reader = await Stalled.enter(target, shape)
        tally = await spoken(people, shape, shape.seconds)
        assert tally.delivered == tally.sent * 2
        assert await asyncio.to_thread(reader.close_code) == 4008


async def test_connections_and_their_memory_are_counted(stack: Stack) -> None:
    shape = Shape(rooms=4, connections=40, rate=1, seconds=1)
    target = snug.target(stack, shape)
    found = await connects(target, shape)
    assert found["refused"] == 0
    # No two cores check forty tokens in less than a millisecond, nor does the least of them need a minute.
    assert 1 < found["connects_per_s"] < 40_000
    assert (await memory(target, shape))["connections"] == shape.connections


def test_a_commit_waits_for_the_slowed_disk(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        with pytest.raises(PeerUnavailableError, match="compiler"), slow_database(tmp_path, 40):
            pass
        return
    with slow_database(tmp_path, 40) as (url, _):
        assert commit_times(url, 0.3)[0] >= 40


def test_others_are_told_from_ourselves() -> None:
    watch = Stopwatch({})
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        end = time.process_time() + 0.5
        while time.process_time() < end:
            pass
        shares = watch.stop()
    finally:
        other.kill()
        other.wait()
    assert watch.used == {}
    assert shares["generator_cpu_share"] * watch.wall >= 0.45
    # The other burns as much as it is given; on a machine of one core that is half.
    assert shares["others_cpu_share"] * watch.wall > 0.1


def test_the_meter_sees_what_this_process_burns() -> None:
    meter = CpuMeter({"server": [os.getpid()]})
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert 0.15 <= meter.used()["server"] < 2


def test_memory_that_is_held_is_seen() -> None:
    # A process of its own: a long one has memory to spare from before.
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "input(); held = bytearray(b'x') * 2**24; print(len(held), flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        before = memory_bytes(holder.pid)[1]
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        size = int(holder.stdout.readline())
        assert memory_bytes(holder.pid)[1] - before > size / 2
        holder.kill()
