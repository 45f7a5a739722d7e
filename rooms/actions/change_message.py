"""Editing, deleting, reacting. Each returns once it is durable, and raises Refused.

The answer's `is_new` is False where the message was like that before: the room hears nothing then.
"""

from uuid import UUID

from accounts.identity import Identity
from audit.acting import Actor
from realtime.events import ErrorCode
from realtime.limits import MessageRate
from rooms import access, reading
from rooms.access import RoomRecord
from rooms.actions import announcing, pace
from rooms.texts import Refused, check_emoji, check_message_id, check_text
from rooms.writing.work import Changed, Deletion, Edit, Reaction, no_such_message
from tenants.directory import TenantInfo


async def edit_message(
    tenant: TenantInfo,
    room: RoomRecord,
    editor: Identity,
    message_id: object,
    text: object,
    *,
    rate: MessageRate | None = None,
) -> Changed:
    """Give a message another text. Only its sender may, and the tenant's own server with a key."""
    wanted = check_message_id(message_id)
    body = check_text(text, tenant.limits.max_message_length)
    access.check_not_muted(room)
    pace.check_rate(tenant, rate)
    if not await _is_sender(tenant, room, editor, wanted) and not editor.is_bot:
        raise Refused(ErrorCode.FORBIDDEN, "Only its sender can edit a message.")
    edit = Edit(tenant=tenant, room_id=room.id, room_name=room.name, message_id=wanted, body=body)
    return await announcing.writer().write(edit)


async def delete_message(
    tenant: TenantInfo, room: RoomRecord, deleter: Identity, message_id: object, *, address: str = ""
) -> Changed:
    """Leave only a message's place. Its sender may, and whoever moderates the room, once it is archived too.

    `address` is where the wish came from: whoever deletes what another said is kept in the audit.
    """
    wanted = check_message_id(message_id)
    moderated = access.may_moderate(deleter, room)
    own = await _is_sender(tenant, room, deleter, wanted)
    if not own and not moderated:
        raise Refused(ErrorCode.FORBIDDEN, "Only its sender or a moderator can delete a message.")
    deletion = Deletion(
        tenant=tenant,
        room_id=room.id,
        room_name=room.name,
        message_id=wanted,
        moderated=moderated,
        by=None if own else Actor(deleter.acts_as, address),
    )
    return await announcing.writer().write(deletion)


async def react(
    tenant: TenantInfo,
    room: RoomRecord,
    member: Identity,
    message_id: object,
    emoji: object,
    on: bool,
    *,
    rate: MessageRate | None = None,
) -> Changed:
    """Give an emoji, or take it back."""
    wanted = check_message_id(message_id)
    emoji = check_emoji(emoji)
    access.check_not_muted(room)
    pace.check_rate(tenant, rate)
    reaction = Reaction(
        tenant=tenant,
        room_id=room.id,
        room_name=room.name,
        message_id=wanted,
        member_id=member.member_id,
        user=member.external_id,
        emoji=emoji,
        on=on,
    )
    return await announcing.writer().write(reaction)


async def _is_sender(tenant: TenantInfo, room: RoomRecord, member: Identity, message_id: UUID) -> bool:
    sender = await reading.sender_of(tenant, room.id, message_id)
    if sender is None:
        raise no_such_message()
    return sender == member.member_id
