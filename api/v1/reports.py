"""Reports: what people have against messages, and what becomes of it."""

from typing import Annotated, Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from api.callers import ApiRequest, Key, KeyOrUser
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cut, position_of
from api.shapes import Body, Reason, Sub
from api.speaking import check_sub_allowed, speaker
from moderation import actions
from moderation.models import Report
from realtime.events import stamp
from rooms.texts import message_id_in
from tenants.context import wait_for

router = Router(tags=["reports"])

OF_MESSAGE = "/rooms/{name}/messages/{message_id}/report"
State = Literal["open", "resolved", "dismissed"]


class NewReport(Body):
    reason: Literal["spam", "abuse", "illegal", "other"] = Field(examples=["abuse"])
    comment: Reason = Field(
        "",
        max_length=actions.MAX_COMMENT,
        description="In their own words. Absent: none, or the one that was there.",
    )
    sub: Sub | None = Field(
        None, description="The user who reports, made when unknown; absent: the key's bot.", examples=["bob"]
    )


class ReportChange(Body):
    state: State = Field(description="What has become of it; `open` opens it again.", examples=["resolved"])


class ReportOut(Schema):
    """A report without what was said: who may report need not be able to read."""

    id: str
    state: State
    reason: str
    comment: str
    room: str
    message_id: str
    seq: int
    user_id: str = Field(description="Whose message it is.")
    reported_by: str = Field(description="`bot:filters` where nobody but a filter did.")
    filter: str | None = Field(description="What the filters found that reported it.")
    created_at: str
    closed_at: str | None
    closed_by: str | None

    @classmethod
    def of(cls, report: Report) -> "ReportOut":
        return cls(**_fields(report))


class WholeReportOut(ReportOut):
    said: str = Field(description="The text as it was when it was reported.")

    @classmethod
    def of(cls, report: Report) -> "WholeReportOut":
        return cls(**_fields(report), said=report.said)


@router.post(OF_MESSAGE, response={201: ReportOut, 200: ReportOut}, auth=KeyOrUser("messages:write"))
def report_message(request: ApiRequest, name: str, message_id: str, body: NewReport) -> tuple[int, ReportOut]:
    """Report a message.

    Each person reports a message once; to do it again changes what they said, and answers 200. Nothing happens to the
    message, and its sender is not told.
    """
    check_sub_allowed(request, body.sub)
    try:
        comment = actions.check_comment(body.comment) if "comment" in body.model_fields_set else None
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    room, who = wait_for(speaker, request, name, body.sub)
    wanted = message_id_in(message_id)
    if wanted is None:
        raise _no_message()
    try:
        report, created = actions.report_message(room.id, wanted, who.member_id, body.reason, comment)
    except actions.NoSuchMessage:
        raise _no_message() from None
    return 201 if created else 200, ReportOut.of(report)


@router.get("/reports", response=Page[WholeReportOut], auth=Key("messages:read"))
def list_reports(
    request: ApiRequest,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
) -> Page[WholeReportOut]:
    """List reports.

    The newest first.
    """
    reports = Report.objects.select_related("room", "author", "reporter").order_by("-id")
    if state is not None:
        reports = reports.filter(state=state)
    if (before := position_of(cursor)) is not None:
        reports = reports.filter(id__lt=before)
    found, more = cut(reports, limit)
    return Page(data=[WholeReportOut.of(report) for report in found], next=more)


@router.patch(
    "/reports/{report_id}", response=WholeReportOut, auth=Key("messages:write", also="messages:read")
)
def patch_report(request: ApiRequest, report_id: str, body: ReportChange) -> WholeReportOut:
    """Close a report, or open it again.

    Deleting the message is a call of its own.
    """
    pk = Report.pk_in(report_id)
    try:
        return WholeReportOut.of(actions.close_report(pk or 0, body.state))
    except Report.DoesNotExist:
        raise Problem(404, "not_found", "There is no such report.") from None


def _no_message() -> Problem:
    return Problem(404, "not_found", "There is no such message in this room.")


def _fields(report: Report) -> dict[str, Any]:
    return {
        "id": report.public_id,
        "state": report.state,
        "reason": report.reason,
        "comment": report.comment,
        "room": report.room.name,
        "message_id": str(report.message_id),
        "seq": report.seq,
        "user_id": report.author.external_id,
        "reported_by": report.reported_by,
        "filter": report.filter or None,
        "created_at": stamp(report.created_at),
        "closed_at": stamp(report.closed_at) if report.closed_at else None,
        "closed_by": report.closed_by or None,
    }
