"""What looks for strangers finds them: otherwise the stress test would pass for want of sight."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.isolation.passes import Pass
from tests.isolation.seats import Seat
from tests.isolation.traces import Ledger, foreign_rows, gaps, new_mark
from tests.personas import Workspace

OURS, THEIRS = new_mark(), new_mark()
OUR_IDS = {"guest:0123456789abcdef", "staff:0123456789ab", "key_A1", "0190a1b2-0000-4000-8000-000000000001"}


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        (f'{{"message": "hello from {OURS}"}}', ""),
        (f'{{"message": "hello from {THEIRS}"}}', THEIRS),
        (f"<b>{OURS}</b> <i>alice@{THEIRS}.example</i>", THEIRS),
        ('{"user_id": "guest:0123456789abcdef", "username": "x"}', ""),
        ('{"user_id": "guest:fedcba9876543210", "username": "x"}', "guest:fedcba9876543210"),
        ('{"users":[{"id":"staff:0123456789ab"},{"id":"staff:ba9876543210"}]}', "staff:ba9876543210"),
        ('{"user_id":"bot:key_A1"}', ""),
        ('{"user_id":"bot:key_B2"}', "key_B2"),
        ('{"type":"reaction","message_id":"0190a1b2-0000-4000-8000-000000000001"}', ""),
        ('{"type":"reaction","message_id":"0190a1b2-0000-4000-8000-000000000002"}', "000000000002"),
        ('{"reply_to":"0190a1b2-0000-4000-8000-000000000002"}', "000000000002"),
        ('{"type":"pong"}', ""),
    ],
    ids=[f"{n}" for n in range(12)],
)
def test_a_stranger_in_what_was_seen_is_found(text: str, whose: str) -> None:
    ledger = Ledger(OURS)
    ledger.note("a socket", text)
    complaints = ledger.complaints(OUR_IDS)
    assert bool(complaints) == bool(whose)
    assert all(whose in complaint for complaint in complaints)


def test_a_strangers_row_is_found() -> None:
    ours, theirs = f'{{"body": "of {OURS}"}}', f'{{"name": "{THEIRS}"}}'
    assert foreign_rows(OURS, {"rooms_message": [ours], "rooms_room": []}) == []
    assert foreign_rows(OURS, {"rooms_message": [ours], "rooms_room": [theirs]}) == [f"rooms_room: {theirs}"]


@pytest.mark.parametrize(
    ("seqs", "wrong"),
    [([], []), ([1, 2, 3], []), ([3, 1, 2], []), ([2, 3], [1]), ([1, 3], [2, 3]), ([1, 2, 2], [2, 3])],
)
def test_a_gap_and_a_repeat_are_found(seqs: list[int], wrong: list[int]) -> None:
    assert bool(gaps(seqs)) == bool(wrong)


@pytest.mark.parametrize(
    ("frames", "wrong"),
    [
        ([{"seq": 5}, {"seq": 6}], ""),
        ([{"seq": 6}], "heard 6 after 4"),
        ([{"seq": 5}, {"seq": 5}], "heard 5 after 5"),
        ([{"seq": 5}, {"seq": 5, "room": "board"}], "board"),
        ([{"type": "message_edited", "seq": 4}], ""),
        ([{"type": "message_edited", "seq": 5}], "change of 5 after 4"),
        ([{"type": "error", "error": {"code": "INTERNAL_ERROR"}}], "INTERNAL_ERROR"),
    ],
    ids=[
        "in order",
        "a gap",
        "twice",
        "another room",
        "a change",
        "a change of what is not there",
        "an error",
    ],
)
def test_a_seat_notices_what_is_wrong(frames: list[dict[str, Any]], wrong: str) -> None:
    async def nothing() -> None:
        return None

    seat = Seat(Workspace(OURS, "", "", "", "", "", "", ()), Ledger(OURS), "bob", Pass(nothing), "general", 0)
    seat._hear({"type": "online_users", "room": "general", "last_seq": 4, "last_rev": 4})
    for n, frame in enumerate(frames):
        seat._hear(
            json.loads(
                json.dumps(
                    {"type": "chat_message", "room": "general", "message_id": str(n), "rev": n} | frame
                )
            )
        )
    assert bool(seat.complaints) == bool(wrong)
    assert all(wrong in complaint for complaint in seat.complaints)
