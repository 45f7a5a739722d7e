"""Saying something: from a socket, over REST, or as a seed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from accounts.identity import Identity
from realtime import groups
from realtime.events import ChatMessage, ErrorCode, MessageState, stamp
from realtime.limits import MessageRate
from realtime.loop_local import LoopLocal
from realtime.publish import Event, publisher
from rooms import reading
from rooms.access import RoomRecord
from rooms.drafts import Draft, Written
from rooms.reading import AnyMessage
from rooms.texts import Refused, check_client_id, check_text
from rooms.writer import Writer
from tenants.directory import TenantInfo

S = TypeVar("S", bound=MessageState)


class Posted(msgspec.Struct, frozen=True):
    """A message as it stands; `created` is False where its client_id was a repeat."""

    message: AnyMessage
    created: bool


async def post_message(
    tenant: TenantInfo,
    room: RoomRecord,
    sender: Identity,
    text: object,
    *,
    client_id: object = None,
    reply_to: object = None,
    rate: MessageRate | None = None,
) -> Posted:
    """Store a message and tell the room. Returns once it is durable. Raises Refused.

    `rate` counts it against what a user may send in 10 seconds; a repeated client_id costs nothing.
    """
    body = check_text(text, tenant.limits.max_message_length)
    client_id = check_client_id(client_id)
    if rate is not None and (wait := rate.hit(tenant.limits.messages_per_10s)):
        return await _repeated_or_refused(tenant, room, sender, client_id, rate, wait)
    draft = Draft(
        tenant=tenant,
        room_id=room.id,
        room_name=room.name,
        sender_id=sender.member_id,
        sender=sender.external_id,
        username=sender.username,
        body=body,
        client_id=client_id,
        reply_to=await _answered(tenant, room, reply_to),
        joins=not room.is_member,
    )
    written = await _writers.get().write(draft)
    if written.is_new:
        return Posted(_state(MessageState, written), True)
    if rate is not None:
        rate.take_back()
    message = await reading.message(tenant, room.id, room.name, written.id)
    if message is None:
        raise Refused(ErrorCode.NOT_FOUND, "The first message with this client_id is gone.")
    return Posted(message, False)


async def close() -> None:
    """Write what is waiting in the running loop, then stop its writer."""
    if made := _writers.pop():
        await made.close()


async def _repeated_or_refused(
    tenant: TenantInfo,
    room: RoomRecord,
    sender: Identity,
    client_id: str | None,
    rate: MessageRate,
    wait: float,
) -> Posted:
    """Past the rate only repeats are answered: a client that lost an answer must not be made to wait for it again."""
    if client_id is not None:
        known = await reading.by_client_id(tenant, room.id, room.name, sender.member_id, client_id)
        if known is not None:
            rate.forgive()
            return Posted(known, False)
    limit = tenant.limits.messages_per_10s
    text = f"At most {limit} messages in 10 seconds. Try again in {wait:g} s."
    raise Refused(ErrorCode.RATE_LIMITED, text, retry_after=wait)


async def _answered(tenant: TenantInfo, room: RoomRecord, reply_to: object) -> UUID | None:
    if reply_to is None:
        return None
    try:
        wanted = UUID(reply_to) if isinstance(reply_to, str) and len(reply_to) <= 40 else None
    except ValueError:
        wanted = None
    if wanted is None or await reading.message(tenant, room.id, room.name, wanted) is None:
        raise Refused(ErrorCode.INVALID_FIELD, "reply_to names no message of this room.")
    return wanted


def _announce(committed: Sequence[Written]) -> None:
    """One event a room, its frames encoded here, once for everyone.

    A repeat is news to nobody, unless the process that wrote it died before it told: hence where the room stands.
    """
    rooms: dict[str, list[tuple[int, int, bytes]]] = defaultdict(list)
    sends: list[tuple[str, Event]] = []
    for written in committed:
        group = groups.room(written.draft.tenant.id, written.draft.room_id)
        if written.is_new:
            rooms[group].append((written.rev, written.seq, msgspec.json.encode(_state(ChatMessage, written))))
        else:
            sends.append((group, {"type": "stale", "rev": written.rev}))
    sends += [(group, {"type": "durable", "items": sorted(items)}) for group, items in rooms.items()]
    publisher().publish(sends)


def _state(shape: type[S], written: Written) -> S:
    draft = written.draft
    return shape(
        message_id=str(written.id),
        seq=written.seq,
        rev=written.rev,
        room=draft.room_name,
        message=draft.body,
        user_id=draft.sender,
        username=draft.username,
        timestamp=stamp(written.created_at),
        client_id=draft.client_id or UNSET,
        reply_to=str(draft.reply_to) if draft.reply_to else UNSET,
    )


_writers: LoopLocal[Writer] = LoopLocal(lambda: Writer(_announce))
