"""`/dev/mail/`: the mail of a development server, in the browser. In production these pages do not exist."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from portal import mailbox
from portal.mailbox import Mail

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# A mail brings its own styles and may be anybody's work: no script, no network, no way out but a link.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def development_only(view: View[P]) -> View[P]:
    """A 404 outside development."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if settings.SNUG_ENV != "development":
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@development_only
def mails(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/dev_mails.html", {"mails": mailbox.newest()})


@require_safe
@development_only
def mail(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "portal/dev_mail.html", {"mail": _found(name)})


@require_safe
@development_only
@xframe_options_sameorigin
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(_leading_out(_found(name).html), headers={"Content-Security-Policy": MAIL_POLICY})


def _leading_out(html: str) -> str:
    """The mail with links that open a tab of their own, as in any mail program: no page of ours may be framed."""
    target = '<base target="_blank">'
    found = re.search(r"<head\b[^>]*>", html, re.IGNORECASE)
    return html[: found.end()] + target + html[found.end() :] if found else target + html


def _found(name: str) -> Mail:
    found = mailbox.read(name)
    if found is None:
        raise Http404
    return found
