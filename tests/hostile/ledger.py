"""What the database must hold, whatever was said to the product."""

from __future__ import annotations

from tests.personas import Workspace
from tests.realtime.backstage import rows

_ROOMS = "SELECT id, name, last_seq, last_rev FROM rooms_room ORDER BY id"
_MESSAGES = "SELECT seq, rev, reactions, deleted_at FROM rooms_message WHERE room_id = %s ORDER BY seq"
_SUMS = (
    "SELECT m.seq, x.emoji, count(*) FROM rooms_reaction x JOIN rooms_message m ON m.id = x.message_id "
    "WHERE m.room_id = %s GROUP BY 1, 2"
)
_GIVEN_TWICE = "SELECT 1 FROM rooms_reaction GROUP BY message_id, member_id, emoji HAVING count(*) > 1"


def check(workspace: Workspace) -> None:
    """Assert that every room counts without a gap, and that the sums on messages are those of their reactions."""
    assert rows(workspace, _GIVEN_TWICE) == []
    for room, name, last_seq, last_rev in rows(workspace, _ROOMS):
        messages = rows(workspace, _MESSAGES, room)
        assert [message[0] for message in messages] == list(range(1, last_seq + 1)), name
        revs = [message[1] for message in messages]
        assert len(set(revs)) == len(revs), name
        assert max(revs, default=0) == last_rev, name
        sums = {(seq, emoji): count for seq, emoji, count in rows(workspace, _SUMS, room)}
        told = {(seq, each["emoji"]): each["count"] for seq, _, given, _ in messages for each in given}
        assert told == sums, name
