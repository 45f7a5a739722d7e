"""The pages for what goes wrong before or outside a view."""

import sys
from typing import Final

import psycopg
import redis
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from tenants.middleware import API
from tenants.problems import problem
from tenants.requests import tenant_of

# A part that is away, not a mistake of ours: whoever asks again in a moment gets an answer.
_AWAY: Final = (
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    redis.ConnectionError,
    redis.TimeoutError,
    ConnectionError,
    TimeoutError,
)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _answer(request, 404, "not_found", "There is nothing at this address.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _answer(request, 403, "forbidden", "You may not see this.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _answer(request, 400, "bad_request", "This request could not be understood.", template="404")


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    """405, in place of Django's empty one."""
    return _answer(request, 405, "method_not_allowed", "This address does not answer to that method.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database or Redis is away."""
    if not isinstance(sys.exc_info()[1], _AWAY):
        return _answer(request, 500, "internal_error", "Something went wrong on our side.")
    response = _answer(
        request, 503, "unavailable", "A part of Snug is away. Try again shortly.", template="500"
    )
    response["Retry-After"] = "2"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, when a form's token is missing or stale."""
    return _answer(request, 403, "csrf_failed", "This form is stale. Load the page anew.", template="csrf")


def _answer(
    request: HttpRequest, status: int, code: str, detail: str, template: str | None = None
) -> HttpResponse:
    if request.path.startswith(API):
        return problem(status, code, detail)
    context = {"tenant": tenant_of(request)}
    return SimpleTemplateResponse(f"errors/{template or status}.html", context, status=status).render()
