"""Reporting messages and closing reports. Runs inside the tenant's schema."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.names import storable
from audit import acting
from audit.acting import Actor
from audit.kinds import Action
from audit.records import record
from moderation.models import Report
from realtime.events import ErrorCode, stamp
from rooms.actions import announcing
from rooms.models import Message
from rooms.texts import Refused
from rooms.writing.work import Deletion
from tenants.context import wait_for
from tenants.directory import TenantInfo
from webhooks.actions import emit

MAX_COMMENT: Final = 500


class NoSuchMessage(Exception):
    """There is no such message in the room, or only its place is left."""


def check_comment(comment: str) -> str:
    """Trimmed. Raises ValueError with a sentence."""
    trimmed = comment.strip()
    if len(trimmed) > MAX_COMMENT or not storable(trimmed):
        raise ValueError(f"comment: at most {MAX_COMMENT} characters, of those that can be stored.")
    return trimmed


def report_message(
    room_id: int, message_id: UUID, reporter_id: int, reason: str, comment: str | None = None
) -> tuple[Report, bool]:
    """What somebody has against a message, and whether it is new. Who reports it again changes what they said,
    and keeps the comment where there is none this time.

    Raises NoSuchMessage. The comment is one that `check_comment` let through.
    """
    with transaction.atomic():
        found = Message.objects.select_related("room", "sender").filter(pk=message_id, room_id=room_id)
        message = found.filter(deleted_at=None).first()
        if message is None:
            raise NoSuchMessage(message_id)
        report, created = Report.objects.get_or_create(
            message_id=message.pk,
            reporter_id=reporter_id,
            defaults={
                "room": message.room,
                "seq": message.seq,
                "said": message.body,
                "author": message.sender,
                "reason": reason,
                "comment": comment or "",
            },
        )
        if created:
            emit("message.reported", _told(report), room_id=room_id)
        elif report.state == Report.State.OPEN:
            report.reason = reason
            report.comment = report.comment if comment is None else comment
            report.save(update_fields=["reason", "comment"])
    return report, created


@transaction.atomic
def report_by_filter(room_id: int, message_id: UUID, patterns: str) -> None:
    """A message that was let through, and that somebody should look at; `patterns` are what was found in it."""
    found = Message.objects.select_related("room", "sender").filter(pk=message_id, room_id=room_id)
    message = found.filter(deleted_at=None).first()
    if message is None:  # its sender was quicker
        return
    report = Report.objects.create(
        message_id=message.pk,
        room=message.room,
        seq=message.seq,
        said=message.body,
        author=message.sender,
        reason=Report.Reason.FILTERED,
        filter=patterns[:200],
    )
    emit("message.reported", _told(report), room_id=room_id)


@transaction.atomic
def close_report(pk: int, state: str) -> Report:
    """Resolve or dismiss a report, or open it again. What it is already it stays. Raises Report.DoesNotExist."""
    report = Report.objects.select_for_update().get(pk=pk)
    if report.state == state:
        return report
    report.state = state
    opened = state == Report.State.OPEN
    report.closed_at = None if opened else timezone.now()
    report.closed_by = "" if opened else acting.current().id
    report.save(update_fields=["state", "closed_at", "closed_by"])
    record(Action.REPORT_CHANGED, report.public_id, room=report.room.name, state=state)
    return report


def take_down(tenant: TenantInfo, report: Report, by: Actor) -> None:
    """Delete the message that a report is about, in the name of whoever looks after the workspace, and resolve it and
    all that others have said of the same message. Raises Refused where it cannot be deleted just now."""
    deletion = Deletion(
        tenant=tenant,
        room_id=report.room_id,
        room_name=report.room.name,
        message_id=report.message_id,
        moderated=True,
        by=by,
    )
    try:
        wait_for(_write, deletion)
    except Refused as refused:
        if refused.code is not ErrorCode.NOT_FOUND:  # it is gone already, and its room perhaps
            raise
    same = Report.objects.filter(message_id=report.message_id, state=Report.State.OPEN)
    for pk in same.values_list("pk", flat=True):
        close_report(pk, Report.State.RESOLVED)


async def _write(deletion: Deletion) -> None:
    await announcing.writer().write(deletion)


def _told(report: Report) -> dict[str, object]:
    """As webhooks tell of it: without what was said."""
    return {
        "report_id": report.public_id,
        "room": report.room.name,
        "message_id": str(report.message_id),
        "seq": report.seq,
        "user_id": report.author.external_id,
        "reported_by": report.reported_by,
        "filter": report.filter or None,
        "reason": report.reason,
        "comment": report.comment,
        "created_at": stamp(report.created_at),
    }
