"""Edits, deletions and reactions, in a locked room: a few statements each, all in the group's one round trip.

Each takes the room's next `rev` where it changes anything, and none where it does not. That also settles a commit
whose outcome was lost: done again, it finds nothing to do.
"""

from collections.abc import Sequence
from typing import Any, Final

from audit.kinds import Action
from realtime.events import DeletedState, ErrorCode
from rooms import reading
from rooms.tables import statement
from rooms.texts import Refused
from rooms.writing.work import (
    Change,
    Changed,
    Deletion,
    Edit,
    MessageDeleted,
    Outcome,
    Reaction,
    archived,
    no_such_message,
)
from tenants.pipeline import Rows, Statement
from webhooks.tables import stamp, telling

MOST_EMOJI: Final = 50  # different ones on a message

# `{when}` says in which case there is something to change.
_CHANGE = """
    WITH target AS (
      SELECT m.id FROM {{messages}} m JOIN {{rooms}} r ON r.id = m.room_id AND (r.archived_at IS NULL OR %(moderated)s)
      WHERE m.id = %(message)s AND m.room_id = %(room)s AND m.deleted_at IS NULL AND {when}
    ), bumped AS (
      UPDATE {{rooms}} r SET last_rev = r.last_rev + 1
      WHERE r.id = %(room)s AND EXISTS (SELECT FROM target) RETURNING r.last_rev
    ), changed AS (
      UPDATE {{messages}} m SET {change}, rev = bumped.last_rev FROM bumped WHERE m.id = %(message)s
      RETURNING m.*
    ){more} SELECT rev FROM changed
"""
# Who deleted whose message, never what it said.
_NOTED = """, noted AS (
      INSERT INTO {audit} (at, actor, action, object, details, address)
      SELECT statement_timestamp(), %(actor)s::text, %(action)s::text, %(message)s::uuid::text,
             jsonb_build_object('room', %(room_name)s::text, 'seq', c.seq, 'sender', s.external_id), %(address)s::text
      FROM changed c JOIN {members} s ON s.id = c.sender_id
    )"""
_NOW = "date_trunc('milliseconds', statement_timestamp())"
_TEXT = f"body = %(body)s, edited_at = {_NOW}"
_EMPTY = f"body = '', reactions = '[]', files = NULL, edited_at = NULL, deleted_at = {_NOW}"
# What webhooks are told, where the workspace has any, in the same statement, if it changed anything.
# The message as everyone sees it: `reading.message_of` in SQL.
_EDITED = f"""
    SELECT 'message.edited' AS type, c.room_id, 1 AS ord, jsonb_strip_nulls(jsonb_build_object(
      'message_id', c.id, 'seq', c.seq, 'rev', c.rev, 'room', %(room_name)s::text, 'message', c.body,
      'user_id', s.external_id, 'username', coalesce(nullif(s.name, ''), s.external_id),
      'timestamp', {stamp("c.created_at")}, 'client_id', c.client_id, 'reply_to', c.reply_to,
      'edited_at', {stamp("c.edited_at")}, 'files', c.files, 'reactions', c.reactions)) AS data
    FROM changed c JOIN {{members}} s ON s.id = c.sender_id
"""
_DELETED = """
    SELECT 'message.deleted' AS type, c.room_id, 1 AS ord, jsonb_build_object(
      'message_id', c.id, 'seq', c.seq, 'rev', c.rev, 'room', %(room_name)s::text, 'deleted', true) AS data
    FROM changed c
"""
_EDIT = _CHANGE.format(when="m.body <> %(body)s", change=_TEXT, more="")
_EDIT_TOLD = _CHANGE.format(when="m.body <> %(body)s", change=_TEXT, more=telling(_EDITED))
# By whether it is to be noted, and whether to be told.
_DELETE = {
    (noted, told): _CHANGE.format(
        when="true", change=_EMPTY, more=(_NOTED if noted else "") + (telling(_DELETED) if told else "")
    )
    for noted in (False, True)
    for told in (False, True)
}
# Everyone else's messages wait with it: what is beyond the limit, and seen by nobody, goes with the room.
_DELETE_REACTIONS = (
    "DELETE FROM {reactions} WHERE id IN (SELECT x.id FROM {reactions} x JOIN {messages} m ON x.message_id = m.id "
    "JOIN {rooms} r ON r.id = m.room_id AND (r.archived_at IS NULL OR %(moderated)s) "
    "WHERE m.id = %(message)s AND m.room_id = %(room)s LIMIT 20000)"
)
# Nobody has them from then on. What is stored of them a job removes: files.tasks.
_DROP_FILES = (
    "UPDATE {files} f SET deleted_at = now() FROM {messages} m, {rooms} r WHERE f.message_id = m.id "
    "AND m.id = %(message)s AND m.room_id = %(room)s AND r.id = m.room_id AND (r.archived_at IS NULL OR %(moderated)s)"
)
# A message carries the sums, so that nobody counts: neither who reads it, nor who is the ten-thousandth to react.
# «change» is what is done to the reactions themselves; where it does nothing, nothing follows.
_REACTION = """
    WITH done AS («change» RETURNING 1), bumped AS (
      UPDATE {rooms} r SET last_rev = r.last_rev + 1
      WHERE r.id = %(room)s AND EXISTS (SELECT FROM done) RETURNING r.last_rev
    ), changed AS (
      UPDATE {messages} m SET rev = bumped.last_rev, reactions = (
        SELECT coalesce(jsonb_agg(jsonb_build_object('emoji', s.emoji, 'count', s.n) ORDER BY s.ord), '[]')
        FROM («sums») s WHERE s.n > 0
      ) FROM bumped WHERE m.id = %(message)s RETURNING m.rev
    ) SELECT rev FROM changed
"""
_SUMS = """
    SELECT e.sum->>'emoji' AS emoji, e.ord,
           (e.sum->>'count')::bigint + CASE WHEN e.sum->>'emoji' = %(emoji)s::text THEN «step» ELSE 0 END AS n
    FROM jsonb_array_elements(m.reactions) WITH ORDINALITY AS e(sum, ord)
"""
_IS_THERE = "m.reactions @> jsonb_build_array(jsonb_build_object('emoji', %(emoji)s::text))"
_GIVE = f"""
    INSERT INTO {{reactions}} (message_id, member_id, emoji, created_at)
    SELECT m.id, %(member)s, %(emoji)s::text, now()
    FROM {{messages}} m JOIN {{rooms}} r ON r.id = m.room_id AND r.archived_at IS NULL
    WHERE m.id = %(message)s AND m.room_id = %(room)s AND m.deleted_at IS NULL
      AND (jsonb_array_length(m.reactions) < {MOST_EMOJI} OR {_IS_THERE})
    ON CONFLICT DO NOTHING
"""
_FIRST = f" UNION ALL SELECT %(emoji)s::text, {MOST_EMOJI + 1}, 1 WHERE NOT {_IS_THERE}"
_TAKE_BACK = """
    DELETE FROM {reactions} x USING {messages} m, {rooms} r
    WHERE x.message_id = m.id AND m.id = %(message)s AND m.room_id = %(room)s AND m.deleted_at IS NULL
      AND r.id = m.room_id AND r.archived_at IS NULL AND x.member_id = %(member)s AND x.emoji = %(emoji)s
"""
# By whether the emoji is given or taken back.
_REACT = {
    True: _REACTION.replace("«change»", _GIVE).replace("«sums»", _SUMS.replace("«step»", "1") + _FIRST),
    False: _REACTION.replace("«change»", _TAKE_BACK).replace("«sums»", _SUMS.replace("«step»", "-1")),
}
_AS_IT_STANDS = reading.MESSAGES + "m.room_id = %(room)s AND m.id = %(message)s"


def statements(schema: str, change: Change) -> list[Statement]:
    """What to send: the second but last returns the new `rev`, the last the message as it then stands."""
    values: dict[str, Any] = {
        "message": change.message_id,
        "room": change.room_id,
        "moderated": _is_moderated(change),
        "room_name": change.room_name,
    }
    hooked = change.tenant.hooked
    match change:
        case Edit(body=body):
            values["body"] = body
            templates = [_EDIT_TOLD if hooked else _EDIT]
        case Deletion(by=by):
            templates = [_DELETE_REACTIONS, _DROP_FILES, _DELETE[by is not None, hooked]]
            if by is not None:
                values |= {"actor": by.id, "address": by.address, "action": Action.MESSAGE_DELETED.value}
        case Reaction(member_id=member, emoji=emoji, on=on):
            values |= {"member": member, "emoji": emoji}
            templates = [_REACT[on]]
        case _:
            raise TypeError(f"{change} is no change")
    return [statement(schema, template, values) for template in (*templates, _AS_IT_STANDS)]


def outcome(change: Change, is_archived: dict[int, bool], results: Sequence[Rows]) -> Outcome:
    """What became of it, by what its statements returned."""
    *_, changed, stands = results
    return _outcome(change, is_archived, bool(changed), stands[0] if stands else None)


def _is_moderated(change: Change) -> bool:
    return isinstance(change, Deletion) and change.moderated


def _outcome(
    change: Change, is_archived: dict[int, bool], is_new: bool, row: tuple[Any, ...] | None
) -> Outcome:
    if row is None:
        return no_such_message()
    message = reading.message_of(row, change.room_name)
    if is_new:
        return Changed(change, message, is_new=True)
    if is_archived.get(change.room_id) and not _is_moderated(change):
        return archived()
    if isinstance(message, DeletedState) and not isinstance(change, Deletion):
        return MessageDeleted()
    if isinstance(change, Reaction) and change.on and change.emoji not in reading.counts(message):
        return Refused(ErrorCode.INVALID_FIELD, f"A message takes {MOST_EMOJI} different reactions, no more.")
    return Changed(change, message, is_new=False)
