"""How far members have read: all of a schema in two statements."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from realtime.events import ErrorCode
from rooms.tables import statement
from rooms.texts import Refused
from rooms.unread import COUNT, MOST_UNREAD
from rooms.writing.work import Marked, Outcome, ReadMark, no_such_room
from tenants.pipeline import Rows, Statement

# In one order everywhere: two processes that mark the same people must not wait for each other crosswise.
_MARK = """
INSERT INTO {receipts} AS x (room_id, member_id, seq, read_at)
SELECT i.room_id, i.member_id, max(i.seq), now()
FROM unnest(%(rooms)s::bigint[], %(members)s::bigint[], %(seqs)s::bigint[]) AS i(room_id, member_id, seq)
     JOIN {rooms} r ON r.id = i.room_id AND i.seq <= r.last_seq
GROUP BY i.room_id, i.member_id ORDER BY i.room_id, i.member_id
ON CONFLICT (room_id, member_id) DO UPDATE SET seq = excluded.seq, read_at = excluded.read_at
WHERE x.seq < excluded.seq
RETURNING x.room_id, x.member_id, x.seq
"""
_LEFT = """
SELECT i.seq <= r.last_seq, {unread}
FROM unnest(%(rooms)s::bigint[], %(members)s::bigint[], %(seqs)s::bigint[])
     WITH ORDINALITY AS i(room_id, member_id, seq, ord)
LEFT JOIN {rooms} r ON r.id = i.room_id
LEFT JOIN {receipts} x ON x.room_id = i.room_id AND x.member_id = i.member_id
ORDER BY i.ord
""".replace("{unread}", COUNT)


def statements(schema: str, marks: Sequence[ReadMark]) -> list[Statement]:
    """What to send: the first returns who has advanced, the second what each has left."""
    values: dict[str, Any] = {
        "rooms": [mark.room_id for mark in marks],
        "members": [mark.member_id for mark in marks],
        "seqs": [mark.seq for mark in marks],
        "most": MOST_UNREAD,
    }
    return [statement(schema, template, values) for template in (_MARK, _LEFT)]


def outcomes(marks: Sequence[ReadMark], advanced: Rows, left: Rows) -> dict[UUID, Outcome]:
    """What became of each mark."""
    newest = {(room, member): seq for room, member, seq in advanced}
    found: dict[UUID, Outcome] = {}
    for mark, (is_there, unread) in zip(marks, left, strict=True):
        if is_there is None:
            found[mark.id] = no_such_room()
        elif not is_there:
            found[mark.id] = Refused(ErrorCode.INVALID_FIELD, "seq is beyond the last message of this room.")
        else:
            found[mark.id] = Marked(mark, unread, newest.get((mark.room_id, mark.member_id)) == mark.seq)
    return found
