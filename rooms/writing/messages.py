"""New messages into a locked room: all of a schema in one statement."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rooms.tables import statement
from rooms.texts import Refused
from rooms.writing import attaching
from rooms.writing.work import Draft, FilesRefused, Outcome, Written, archived, no_such_room
from tenants.pipeline import Rows, Statement
from webhooks.tables import stamp, telling

_JOIN = (
    "INSERT INTO {memberships} (room_id, member_id, role, joined_at) "
    "SELECT r.id, i.member_id, 'member', now() "
    "FROM unnest(%(rooms)s::bigint[], %(members)s::bigint[]) AS i(room_id, member_id) "
    "JOIN {rooms} r ON r.id = i.room_id AND r.archived_at IS NULL ON CONFLICT DO NOTHING"
)
# Where the workspace has webhooks, they are told in the same statement, of what was really written.
_JOIN_AND_TELL = (
    "WITH joined AS ("
    + _JOIN
    + " RETURNING room_id, member_id, role, joined_at)"
    + telling(f"""
      SELECT 'member.joined' AS type, j.room_id, j.member_id AS ord, jsonb_build_object(
        'room', r.name, 'external_id', s.external_id, 'username', coalesce(nullif(s.name, ''), s.external_id),
        'role', j.role, 'joined_at', {stamp("j.joined_at")}) AS data
      FROM joined j JOIN {{rooms}} r ON r.id = j.room_id JOIN {{members}} s ON s.id = j.member_id
    """)
    + "SELECT FROM joined"
)
# `«…»` are the places of what files add: rooms.writing.attaching.
_NUMBER = """
WITH input AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(rooms)s::bigint[], %(senders)s::bigint[], %(bodies)s::text[],
                       %(client_ids)s::text[], %(replies)s::uuid[])
  WITH ORDINALITY AS i(id, room_id, sender_id, body, client_id, reply_to, ord)
), known AS (
  SELECT i.ord, m.id, m.seq, m.rev, m.created_at«known_files» FROM input i JOIN {messages} m ON m.id = i.id
  UNION
  SELECT i.ord, m.id, m.seq, m.rev, m.created_at«known_files» FROM input i JOIN {messages} m
    ON m.room_id = i.room_id AND m.sender_id = i.sender_id AND m.client_id = i.client_id
)«offered», numbered AS (
  SELECT i.*, date_trunc('milliseconds', statement_timestamp()) AS created_at,
         r.last_seq + row_number() OVER (PARTITION BY i.room_id ORDER BY i.ord) AS seq,
         r.last_rev + row_number() OVER (PARTITION BY i.room_id ORDER BY i.ord) AS rev«given»
  FROM input i JOIN {rooms} r ON r.id = i.room_id AND r.archived_at IS NULL«files_wanted»
  WHERE NOT EXISTS (SELECT FROM known k WHERE k.ord = i.ord)«all_there»
), inserted AS (
  INSERT INTO {messages} (id, room_id, seq, rev, sender_id, body, client_id, reply_to, created_at«files»)
  SELECT id, room_id, seq, rev, sender_id, body, client_id, reply_to, created_at«files» FROM numbered
), counted AS (
  UPDATE {rooms} r SET last_seq = r.last_seq + c.n, last_rev = r.last_rev + c.n
  FROM (SELECT room_id, count(*) AS n FROM numbered GROUP BY room_id) c WHERE r.id = c.room_id
)«taken»
"""
_ANSWER = "SELECT ord, id, seq, rev, created_at«files» FROM numbered UNION ALL SELECT * FROM known"
# The message as its `chat_message` frame has it.
_TELL = telling(f"""
      SELECT 'message.created' AS type, n.room_id, n.ord, jsonb_strip_nulls(jsonb_build_object(
        'message_id', n.id, 'seq', n.seq, 'rev', n.rev, 'room', i.room, 'message', n.body, 'user_id', i.sender,
        'username', i.username, 'timestamp', {stamp("n.created_at")}, 'client_id', n.client_id,
        'reply_to', n.reply_to, «news»'reactions', jsonb_build_array())) AS data
      FROM numbered n JOIN unnest(%(names)s::text[], %(subs)s::text[], %(usernames)s::text[])
        WITH ORDINALITY AS i(room, sender, username, ord) ON i.ord = n.ord
    """)


def _completed(template: str, parts: Mapping[str, str]) -> str:
    return re.sub("«([a-z_]+)»", lambda place: parts[place[1]], template)


# By whether webhooks are to be told, and whether a message of the group has files.
_WRITE = {
    (told, has_files): _completed(
        _NUMBER + (_TELL if told else "") + _ANSWER, attaching.WITH if has_files else attaching.WITHOUT
    )
    for told in (False, True)
    for has_files in (False, True)
}


def statements(schema: str, drafts: Sequence[Draft]) -> list[Statement]:
    """What to send; the last returns what was written. Newcomers to public rooms become members on the way."""
    values: dict[str, Any] = {
        "ids": [draft.id for draft in drafts],
        "rooms": [draft.room_id for draft in drafts],
        "senders": [draft.sender_id for draft in drafts],
        "bodies": [draft.body for draft in drafts],
        "client_ids": [draft.client_id for draft in drafts],
        "replies": [draft.reply_to for draft in drafts],
    }
    hooked = any(draft.tenant.hooked for draft in drafts)
    if hooked:
        values |= {
            "names": [draft.room_name for draft in drafts],
            "subs": [draft.sender for draft in drafts],
            "usernames": [draft.username for draft in drafts],
        }
    has_files = any(draft.files for draft in drafts)
    if has_files:
        values |= attaching.values(drafts)
    write = statement(schema, _WRITE[hooked, has_files], values)
    newcomers = sorted({(draft.room_id, draft.sender_id) for draft in drafts if draft.joins})
    if not newcomers:
        return [write]
    pairs = {"rooms": [room for room, _ in newcomers], "members": [member for _, member in newcomers]}
    return [statement(schema, _JOIN_AND_TELL if hooked else _JOIN, pairs), write]


def outcomes(drafts: Sequence[Draft], is_archived: dict[int, bool], rows: Rows) -> dict[UUID, Outcome]:
    """What became of each draft; `is_archived` knows every room that there is."""
    written = {drafts[ord_ - 1].id: Written(drafts[ord_ - 1], *rest) for ord_, *rest in rows}
    return {draft.id: written.get(draft.id) or _why_not(draft, is_archived) for draft in drafts}


def _why_not(draft: Draft, is_archived: dict[int, bool]) -> Refused:
    if is_archived.get(draft.room_id):
        return archived()
    if draft.files and draft.room_id in is_archived:
        return FilesRefused()
    return no_such_room()
