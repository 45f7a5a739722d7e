"""Frames taken apart, however their bytes arrive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import frames
from realtime.events import MAX_FRAME_BYTES, CloseCode
from realtime.frames import MOST_FRAMES, WINDOW, Broken, FrameReader
from tests.hostile.wire import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame

OPCODES = st.sampled_from([TEXT, BINARY, PING])
SAID = st.lists(st.tuples(OPCODES, st.binary(max_size=125)), max_size=6)


def read(*chunks: bytes) -> list[tuple[int, bytes]]:
    reader = FrameReader()
    return [found for chunk in chunks for found in reader.feed(chunk, 0.0)]


@given(said=SAID, cuts=st.lists(st.integers(0, 900), max_size=8))
def test_frames_are_read_the_same_wherever_the_wire_cuts_them(
    said: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    wire = b"".join(frame(opcode, payload) for opcode, payload in said)
    ends = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
    assert read(*(wire[start:end] for start, end in pairwise(ends))) == said


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, MAX_FRAME_BYTES])
def test_every_way_to_say_a_length_is_understood(size: int) -> None:
    assert read(frame(TEXT, b"x" * size)) == [(TEXT, b"x" * size)]


def test_a_message_comes_whole_and_what_came_between_its_fragments_first() -> None:
    wire = frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"b")
    assert read(wire) == [(PING, b"p"), (TEXT, b"ab")]


def test_an_empty_beginning_is_a_beginning() -> None:
    assert read(frame(BINARY, fin=False) + frame(CONTINUATION, b"b")) == [(BINARY, b"b")]


def test_what_was_whole_before_the_fault_is_heard() -> None:
    heard: list[tuple[int, bytes]] = []
    with pytest.raises(Broken) as broken:
        heard.extend(FrameReader().feed(frame(TEXT, b"good") + frame(TEXT, b"bad", masked=False), 0.0))
    assert (heard, broken.value.code) == ([(TEXT, b"good")], 1002)


def test_fragments_without_end_are_too_much_before_they_have_come() -> None:
    reader = FrameReader()
    assert list(reader.feed(frame(TEXT, b"x" * MAX_FRAME_BYTES, fin=False), 0.0)) == []
    with pytest.raises(Broken) as broken:
        list(reader.feed(frame(CONTINUATION, b"x", fin=False)[:2], 0.0))
    assert broken.value.code == 1009


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_a_close_says_its_code_and_reason(code: int) -> None:
    assert frames.close_of(code.to_bytes(2, "big") + "tschüss".encode()) == (code, "tschüss")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_a_code_that_none_may_send_is_a_fault(code: int) -> None:
    with pytest.raises(Broken):
        frames.close_of(code.to_bytes(2, "big"))


def test_a_reason_is_cut_where_a_letter_ends() -> None:
    [head, size, *_] = said = frames.close(4000, "é" * 200)
    assert (head, size) == (0x80 | CLOSE, len(said) - 2)
    assert size <= 125
    assert set(said[4:].decode()) == {"é"}


@pytest.mark.parametrize(
    "wire", [frame(PING), frame(TEXT), frame(CONTINUATION, fin=False)], ids=["pings", "texts", "fragments"]
)
def test_frames_that_hold_nothing_are_counted_too(wire: bytes) -> None:
    reader = FrameReader()
    begun = frame(TEXT, fin=False) if wire == frame(CONTINUATION, fin=False) else wire
    list(reader.feed(begun + wire * (MOST_FRAMES - 1), 0.0))
    list(reader.feed(wire * MOST_FRAMES, WINDOW))  # a new count
    with pytest.raises(Broken) as broken:
        list(reader.feed(wire, WINDOW + 1))
    assert broken.value.code == CloseCode.FLOODING
