"""The writer of the running loop, and what it tells the rooms once a group is committed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from realtime import events, groups
from realtime.events import ChatMessage, FileRef, MessageState, Reacted, Unread, stamp
from realtime.loop_local import LoopLocal
from realtime.publish import Event, publisher
from rooms import reading
from rooms.writing.work import Changed, Done, Marked, Reaction, Work, Written
from rooms.writing.writer import Writer
from webhooks import bell


def writer() -> Writer:
    """The running loop's writer: what it commits it tells the rooms."""
    return _writers.get()


async def close() -> None:
    """Write what is waiting in the running loop, then stop its writer."""
    if made := _writers.pop():
        await made.close()


def state_of(written: Written) -> MessageState:
    """A message that was just written, without asking the database again."""
    return MessageState(**_fields(written))


def announce(committed: Sequence[Done]) -> None:
    """One event a room, its frames encoded here, once for everyone.

    A repeat is news to nobody, unless the process that wrote it died before it told: hence where the room stands.
    """
    rooms: dict[str, list[tuple[int, int, bytes]]] = defaultdict(list)
    sends: list[tuple[str, Event]] = []
    for done in committed:
        work = _work_of(done)
        group = groups.room(work.tenant.id, work.room_id)
        if isinstance(done, Marked):
            sends += [(group, event) for event in _read(done)]
        elif done.is_new:
            rooms[group].append(_item(done))
        else:
            rev = done.rev if isinstance(done, Written) else done.message.rev
            sends.append((group, {"type": "stale", "rev": rev}))
    sends += [(group, {"type": "durable", "items": sorted(items)}) for group, items in rooms.items()]
    publisher().publish(sends)
    for schema in {work.tenant.schema_name for work in map(_work_of, committed) if work.tenant.hooked}:
        bell.ring(schema)


def _work_of(done: Done) -> Work:
    match done:
        case Written(draft=draft):
            return draft
        case Changed(change=change):
            return change
        case Marked(mark=mark):
            return mark


def _item(done: Written | Changed) -> tuple[int, int, bytes]:
    if isinstance(done, Written):
        return done.rev, done.seq, msgspec.json.encode(ChatMessage(**_fields(done)))
    return done.message.rev, done.message.seq, msgspec.json.encode(frame_of(done))


def frame_of(done: Changed) -> Struct:
    """A change as the frame that announces it."""
    change, message = done.change, done.message
    if not isinstance(change, Reaction):
        return events.changed(message)
    return Reacted(
        message_id=message.message_id,
        seq=message.seq,
        rev=message.rev,
        room=message.room,
        emoji=change.emoji,
        user_id=change.user,
        on=change.on,
        count=reading.counts(message).get(change.emoji, 0),
    )


def _read(marked: Marked) -> list[Event]:
    """Everyone hears how far somebody has read, and their own sockets how much that leaves; a repeat is no news."""
    if not marked.is_new:
        return []
    mark = marked.mark
    read = events.Read(room=mark.room_name, user_id=mark.user, seq=mark.seq)
    unread = Unread(room=mark.room_name, count=marked.unread)
    return [
        {"type": "fleeting", "payload": msgspec.json.encode(read), "skip": ""},
        {"type": "personal", "payload": msgspec.json.encode(unread), "user": mark.user},
    ]


def _fields(written: Written) -> dict[str, Any]:
    draft = written.draft
    return {
        "message_id": str(written.id),
        "seq": written.seq,
        "rev": written.rev,
        "room": draft.room_name,
        "message": draft.body,
        "user_id": draft.sender,
        "username": draft.username,
        "timestamp": stamp(written.created_at),
        "client_id": draft.client_id or UNSET,
        "reply_to": str(draft.reply_to) if draft.reply_to else UNSET,
        "files": msgspec.convert(written.files, list[FileRef]) if written.files else UNSET,
    }


_writers: LoopLocal[Writer] = LoopLocal(lambda: Writer(announce))
