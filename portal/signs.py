"""Pages that say one thing and point one way."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.models import Signup
from tenants.hosts import tenant_as_typed, tenant_url


def unknown_link(request: HttpRequest) -> HttpResponse:
    return _sign(
        request,
        404,
        icon="info",
        heading="This link is not known",
        lines=[
            "Some mail programs cut long links in two. Copy the whole of it from the mail, or sign up again.",
            "Sign-ups that nobody confirms are forgotten after a week.",
        ],
        href="/signup/",
        words="Sign up again",
    )


def link_too_old(request: HttpRequest, again_url: str) -> HttpResponse:
    return _sign(
        request,
        410,
        icon="clock",
        heading="This link is too old",
        lines=["What you filled in is still here. We can mail you a new link."],
        again_url=again_url,
        again_words="Mail a new link",
        href="/signup/",
        words="Start over",
    )


def too_many_mails(request: HttpRequest) -> HttpResponse:
    return _sign(
        request,
        429,
        icon="mail",
        heading="Several mails are on their way already",
        lines=["Look in the spam folder, too. If none of them arrives, try again in an hour."],
        href="/",
        words="Back to the start",
    )


def already_open(request: HttpRequest, signup: Signup) -> HttpResponse:
    return _sign(
        request,
        200,
        icon="door",
        heading=f"{signup.organisation} is open",
        lines=[
            f"Sign in at {tenant_as_typed(signup.slug)} with your mail address and the password you chose."
        ],
        href=tenant_url(signup.slug, "/login/"),
        words="Sign in",
    )


def _sign(request: HttpRequest, status: int, **context: Any) -> HttpResponse:
    return render(request, "portal/message.html", context, status=status)
