"""The way into a room for what people say: rooms.actions, with the workspace's rules looked at on the way."""

import logging
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from accounts.identity import Identity
from moderation.actions import reports
from moderation.review import Reviewer, reviewer_for
from rooms import actions
from rooms.access import RoomRecord
from rooms.actions import Posted
from rooms.actions.pace import Pace
from rooms.reading import AnyMessage
from rooms.texts import message_id_in
from rooms.writing.work import Changed
from tenants.context import in_tenant
from tenants.database import AWAY
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.moderation")


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
) -> Posted:
    """rooms.actions.post_message, for what somebody says. Raises Refused, with NotLetThrough where a rule is against
    it."""
    about: dict[str, Any] = {"client_id": client_id, "reply_to": reply_to, "files": files}
    review = await reviewer_for(tenant, room, sender, about)
    posted = await actions.post_message(
        tenant,
        room,
        sender,
        text,
        client_id=client_id,
        reply_to=reply_to,
        files=files,
        pace=pace,
        id_=id_,
        review=review,
    )
    if review is not None and posted.created:
        await _report(tenant, room, review, posted.message)
    return posted


async def edit_message(
    tenant: TenantInfo,
    room: RoomRecord,
    editor: Identity,
    message_id: object,
    text: object,
    *,
    pace: Pace | None = None,
) -> Changed:
    """rooms.actions.edit_message, likewise: what a rule would not let through cannot be put in afterwards."""
    review = await reviewer_for(tenant, room, editor, {"message_id": message_id_in(message_id)})
    edited = await actions.edit_message(tenant, room, editor, message_id, text, pace=pace, review=review)
    if review is not None and edited.is_new:
        await _report(tenant, room, review, edited.message)
    return edited


async def _report(tenant: TenantInfo, room: RoomRecord, review: Reviewer, message: AnyMessage) -> None:
    """The message stands, whether or not this succeeds."""
    if not review.reported:
        return
    patterns = ", ".join(rule.pattern for rule in review.reported)
    try:
        await in_tenant(tenant, reports.report_by_filter, room.id, UUID(message.message_id), patterns)
    except (DatabaseError, *AWAY) as error:
        logger.warning("%s: a report was not written: %s", tenant.slug, type(error).__name__)
