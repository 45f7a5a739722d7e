"""`/console/reports/`: what people have reported. For those who moderate."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from audit import acting
from console.access import StaffRequest, moderators_only
from console.banners import banners
from moderation import actions
from moderation.models import Report
from rooms.texts import Refused

HOME = "/console/reports/"
MOST_SHOWN = 50


@require_safe
@moderators_only
def reports(request: StaffRequest) -> HttpResponse:
    """The open ones, those that have waited longest first; `?closed=1` the others, the latest first."""
    closed = request.GET.get("closed") == "1"
    found = Report.objects.select_related("room", "author", "reporter")
    if closed:
        found = found.exclude(state=Report.State.OPEN).order_by("-closed_at", "-id")
    else:
        found = found.filter(state=Report.State.OPEN).order_by("id")
    shown = list(found[: MOST_SHOWN + 1])
    context = {
        "tenant": request.tenant,
        "member": request.user,
        "banners": banners(request.tenant, request.user),
        "reports": shown[:MOST_SHOWN],
        "more": len(shown) > MOST_SHOWN,
        "closed": closed,
    }
    return render(request, "console/reports.html", context)


@require_POST
@moderators_only
def take_down(request: StaffRequest, report_id: str) -> HttpResponse:
    """Delete the message; whatever was reported of it is resolved."""
    try:
        actions.take_down(request.tenant, _find(report_id), acting.current())
    except Refused as refused:  # the report stays open
        messages.warning(request, refused.message, "reports")
    else:
        messages.success(request, "The message is deleted, for everyone.", "reports")
    return HttpResponseRedirect(HOME)


@require_POST
@moderators_only
def dismiss(request: StaffRequest, report_id: str) -> HttpResponse:
    """Leave the message as it is."""
    report = _find(report_id)
    if report.state == Report.State.OPEN:
        actions.close_report(report.pk, Report.State.DISMISSED)
    messages.success(request, "Dismissed. The message stays as it is.", "reports")
    return HttpResponseRedirect(HOME)


def _find(report_id: str) -> Report:
    pk = Report.pk_in(report_id)
    report = Report.objects.select_related("room").filter(pk=pk or 0).first()
    if report is None:
        raise Http404
    return report
