"""Editing, deleting, reacting. Each returns once it is durable, and raises Refused.

The answer's `is_new` is False where the message was like that before: the room hears nothing then.
"""

import logging
from uuid import UUID

from django.db import DatabaseError

from accounts.identity import Identity
from audit.acting import Actor
from files.tasks import remove_files_of
from realtime.events import ErrorCode
from rooms import access, reading
from rooms.access import RoomRecord
from rooms.actions import announcing
from rooms.actions.pace import Pace, check_rate
from rooms.actions.post import Review
from rooms.texts import Refused, check_emoji, check_message_id, check_text
from rooms.writing.work import Changed, Deletion, Edit, Reaction, no_such_message
from tenants.context import in_public
from tenants.database import AWAY
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.rooms")


async def edit_message(
    tenant: TenantInfo,
    room: RoomRecord,
    editor: Identity,
    message_id: object,
    text: object,
    *,
    pace: Pace | None = None,
    review: Review | None = None,
) -> Changed:
    """Give a message another text. Only its sender may, and the tenant's own server with a key.

    `review` is asked last, about what would otherwise be written.
    """
    wanted = check_message_id(message_id)
    body = check_text(text, tenant.limits.max_message_length)
    access.check_not_muted(room)
    await check_rate(tenant, pace)
    sender, _ = await _origin(tenant, room, wanted)
    if sender != editor.member_id and not editor.is_bot:
        raise Refused(ErrorCode.FORBIDDEN, "Only its sender can edit a message.")
    if review is not None:
        body = await review(body)
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
    sender, has_files = await _origin(tenant, room, wanted)
    own = sender == deleter.member_id
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
    deleted = await announcing.writer().write(deletion)
    if has_files:
        await _have_files_removed(tenant)
    return deleted


async def react(
    tenant: TenantInfo,
    room: RoomRecord,
    member: Identity,
    message_id: object,
    emoji: object,
    on: bool,
    *,
    pace: Pace | None = None,
) -> Changed:
    """Give an emoji, or take it back."""
    wanted = check_message_id(message_id)
    emoji = check_emoji(emoji)
    access.check_not_muted(room)
    await check_rate(tenant, pace)
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


async def _origin(tenant: TenantInfo, room: RoomRecord, message_id: UUID) -> tuple[int, bool]:
    """Who sent it, and whether it has files. Raises Refused."""
    origin = await reading.origin_of(tenant, room.id, message_id)
    if origin is None:
        raise no_such_message()
    return origin


async def _have_files_removed(tenant: TenantInfo) -> None:
    """Nobody has them any more; what is stored goes now, or with the next hourly round."""
    try:
        await in_public(remove_files_of.defer, tenant_id=tenant.id)
    except (DatabaseError, *AWAY) as error:
        logger.warning("files of %s wait for the next round: %s", tenant.schema_name, type(error).__name__)
