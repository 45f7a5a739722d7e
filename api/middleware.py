"""What every answer of the API carries: rate-limit figures, and CORS for the sites a tenant allows."""

from collections.abc import Callable
from typing import IO, Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from api import idempotency
from api.payloads import carries_payload
from api.rates import Rate
from api.uploads import UPLOAD
from tenants import directory, origins
from tenants.directory import TenantInfo
from tenants.middleware import API
from tenants.problems import problem
from tenants.requests import tenant_of

_EXPOSED: Final = (
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Idempotency-Replayed, "
    "Deprecation, Sunset, Link, Snug-Mode"
)
# On every answer of the test side: `test`.
MODE: Final = "Snug-Mode"
_READING: Final = ("GET", "HEAD", "OPTIONS")


class ApiMiddleware:
    """Adds headers to `/api/` answers, answers CORS preflights, and refuses what cannot be read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tenant = tenant_of(request)
        if tenant is None or not request.path.startswith(API):
            return self.get_response(request)
        response = self._answer(request)
        if tenant.is_test:
            response = _of_test_mode(request, tenant, response)
        idempotency.finish(request, response)
        _allow_origin(request, tenant, response)
        _tell_rate(getattr(request, "rate", None), response)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return HttpResponse(status=204)
        if _has_body(request) and not _is_taken(request):
            kind = (
                "a form: multipart/form-data"
                if request.path == UPLOAD
                else "JSON, with Content-Type: application/json"
            )
            return problem(415, "unsupported_media_type", f"Send {kind}.")
        if request.content_type == "multipart/form-data":
            _measure(request)
        if request.method == "HEAD":  # answered like a GET; the server leaves the body away
            request.method = "GET"
        response = self.get_response(request)
        if response.status_code == 405:
            allowed = ", ".join(sorted(response.get("Allow", "").split(", ")))
            response = problem(405, "method_not_allowed", f"This address answers to {allowed} only.")
            response["Allow"] = allowed
        return response


def _of_test_mode(request: HttpRequest, side: TenantInfo, response: HttpResponse) -> HttpResponse:
    """The answer, marked; or, for a change that a reset has overtaken, that it may be lost."""
    has_reset = tenant_of(request) is not side
    if _has_changed(request, response) and not has_reset and not directory.is_current(side):
        response = problem(
            409,
            "test_mode_reset",
            "Test mode was reset while this was carried out. Ask again where it stands now.",
        )
        response["Retry-After"] = "1"
    response[MODE] = "test"
    return response


def _has_changed(request: HttpRequest, response: HttpResponse) -> bool:
    return request.method not in _READING and response.status_code < 400


def _has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH") not in (None, "", "0") or "transfer-encoding" in request.headers


def _is_taken(request: HttpRequest) -> bool:
    """Whether the body is of the kind that is read at this address: a form with a file, or JSON, in a form or not."""
    if request.path != UPLOAD:
        return _is_json(request) or carries_payload(request)
    return request.content_type == "multipart/form-data" or request.method != "POST"


def _measure(request: HttpRequest) -> None:
    """A form that came in pieces does not say how long it is, and Django takes it for an empty one. It is all here."""
    if request.META.get("CONTENT_LENGTH") in (None, ""):
        body: IO[bytes] = request._stream
        request.META["CONTENT_LENGTH"] = str(body.seek(0, 2))
        body.seek(0)


def _is_json(request: HttpRequest) -> bool:
    return request.content_type in ("", "application/json") or (request.content_type or "").endswith("+json")


def _tell_rate(rate: Rate | None, response: HttpResponse) -> None:
    if rate is not None:
        response["RateLimit-Limit"] = str(rate.limit)
        response["RateLimit-Remaining"] = str(rate.remaining)
        response["RateLimit-Reset"] = str(rate.reset)


def _allow_origin(request: HttpRequest, tenant: TenantInfo, response: HttpResponse) -> None:
    origin = request.headers.get("origin")
    patch_vary_headers(response, ["Origin"])
    if origin is None or not origins.allowed(tenant, origin, request.get_host()):
        return
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
    response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key"
    response["Access-Control-Expose-Headers"] = _EXPOSED
    response["Access-Control-Max-Age"] = "600"
