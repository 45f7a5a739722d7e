"""The files of new messages: what is added to the one statement that writes messages, where any of a group has files.

Groups without files send exactly the statement that they would if there were none. A file is taken under its row's
lock, in the transaction of its message: no two messages get it, and none gets what is being removed.
"""

from collections.abc import Sequence
from typing import Any, Final

from rooms.writing.work import Draft

# What stands at each place of the statement (rooms.writing.messages) without files, and with them.
WITHOUT: Final = dict.fromkeys(
    ("offered", "known_files", "files_wanted", "all_there", "files", "given", "taken", "news"),
    "",
)
WITH: Final = {
    # Those of each draft that are its sender's, in its room, and free; of two drafts that want one, the first has it.
    "offered": """, offered AS (
  SELECT w.ord, w.place, f.id, f.key, f.name, f.type, f.size, f.width, f.height
  FROM unnest(%(file_ords)s::bigint[], %(file_keys)s::uuid[]) WITH ORDINALITY AS w(ord, key, place)
  JOIN input i ON i.ord = w.ord
  JOIN {files} f ON f.key = w.key AND f.room_id = i.room_id AND f.uploader_id = i.sender_id
  WHERE f.message_id IS NULL AND f.deleted_at IS NULL AND f.stored_at IS NOT NULL
  FOR UPDATE OF f
), free AS (
  SELECT DISTINCT ON (id) * FROM offered ORDER BY id, ord
), given AS (
  SELECT ord, count(*) AS n, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'id', key, 'name', name, 'type', type, 'size', size, 'width', width, 'height', height)) ORDER BY place) AS files
  FROM free GROUP BY ord
), wanted AS (
  SELECT ord, count(*) AS n FROM unnest(%(file_ords)s::bigint[]) AS w(ord) GROUP BY ord
)""",
    "known_files": ", m.files",
    "files_wanted": " LEFT JOIN given g ON g.ord = i.ord LEFT JOIN wanted w ON w.ord = i.ord",
    "all_there": " AND coalesce(g.n, 0) = coalesce(w.n, 0)",
    "files": ", files",
    "given": ", g.files",
    "taken": """, taken AS (
  UPDATE {files} f SET message_id = n.id FROM free JOIN numbered n ON n.ord = free.ord WHERE f.id = free.id
)""",
    "news": "'files', n.files, ",
}


def values(drafts: Sequence[Draft]) -> dict[str, Any]:
    """The files that are wanted, each beside the place of its draft, from 1 on."""
    pairs = [(ord_, key) for ord_, draft in enumerate(drafts, 1) for key in draft.files]
    return {"file_ords": [ord_ for ord_, _ in pairs], "file_keys": [key for _, key in pairs]}
