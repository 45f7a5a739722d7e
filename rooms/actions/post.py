"""Saying something: from a socket, over REST, or as a seed."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import msgspec

from accounts.identity import Identity
from realtime.events import ErrorCode
from rooms import access, reading
from rooms.access import RoomRecord
from rooms.actions import announcing
from rooms.actions.pace import Pace, check_rate, give_back_turn, take_back, take_turn
from rooms.reading import AnyMessage
from rooms.texts import (
    NotChecked,
    NotLetThrough,
    Refused,
    check_client_id,
    check_files,
    check_text,
    message_id_in,
)
from rooms.writing.work import Draft, FilesRefused
from tenants.directory import TenantInfo

# Looks at a text before it is written; returns what may be written. Raises NotLetThrough or NotChecked.
Review = Callable[[str], Awaitable[str]]


class NothingToAnswer(Refused):
    """`reply_to` names no message of the room."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.INVALID_FIELD, "reply_to names no message of this room.")


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
    files: object = None,
    pace: Pace | None = None,
    id_: UUID | None = None,
    review: Review | None = None,
) -> Posted:
    """Store a message and tell the room. Returns once it is durable. Raises Refused.

    `pace` counts it against what a user may send in 10 seconds; a repeated client_id costs nothing. `id_` is the id
    that a new message gets, for callers who want to know it before anyone hears of it. `review` is asked last, about
    what would otherwise be written.
    """
    attached = check_files(files)
    body = check_text(text, tenant.limits.max_message_length, may_be_empty=bool(attached))
    client_id = check_client_id(client_id)
    try:
        access.check_not_muted(room)
        await check_rate(tenant, pace)
        took_turn = await take_turn(tenant, room, sender)
    except Refused as refusal:
        return await _repeated(tenant, room, sender, client_id, pace, refusal)
    answered = await _answered(tenant, room, reply_to)
    try:
        if review is not None:
            body = await review(body)
    except (NotLetThrough, NotChecked) as refusal:
        if took_turn:
            await give_back_turn(tenant, room, sender)
        return await _repeated(tenant, room, sender, client_id, pace, refusal)
    draft = Draft(
        tenant=tenant,
        room_id=room.id,
        room_name=room.name,
        sender_id=sender.member_id,
        sender=sender.external_id,
        username=sender.username,
        body=body,
        client_id=client_id,
        reply_to=answered,
        joins=not (room.is_member or sender.is_bot),  # a bot is everywhere already, and no person
        files=attached,
        id=id_ or uuid4(),
    )
    try:
        written = await announcing.writer().write(draft)
    except FilesRefused:
        if took_turn:
            await give_back_turn(tenant, room, sender)
        raise
    if written.is_new:
        return Posted(announcing.state_of(written), True)
    if pace is not None:
        await take_back(tenant, pace)
    if took_turn:
        await give_back_turn(tenant, room, sender)
    message = await reading.message(tenant, room.id, room.name, written.id)
    if message is None:
        raise Refused(ErrorCode.NOT_FOUND, "The first message with this client_id is gone.")
    return Posted(message, False)


async def _repeated(
    tenant: TenantInfo,
    room: RoomRecord,
    sender: Identity,
    client_id: str | None,
    pace: Pace | None,
    refusal: Refused,
) -> Posted:
    """What is refused now may have been written before: a client that lost an answer must not have to wait for it."""
    if client_id is not None:
        known = await reading.by_client_id(tenant, room.id, room.name, sender.member_id, client_id)
        if known is not None:
            if pace is not None and refusal.code is ErrorCode.RATE_LIMITED and refusal.reason is None:
                pace.rate.forgive()
            elif pace is not None and refusal.code is not ErrorCode.MUTED:
                await take_back(tenant, pace)
            return Posted(known, False)
    raise refusal


async def _answered(tenant: TenantInfo, room: RoomRecord, reply_to: object) -> UUID | None:
    if reply_to is None:
        return None
    wanted = message_id_in(reply_to)
    if wanted is None:
        raise Refused(ErrorCode.INVALID_FIELD, "reply_to is no message id.")
    if await reading.message(tenant, room.id, room.name, wanted) is None:
        raise NothingToAnswer
    return wanted
