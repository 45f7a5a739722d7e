"""What every answer of the API carries: rate-limit figures, and CORS for the sites a tenant allows."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tenants import origins
from tenants.directory import TenantInfo

PREFIX = "/api/"


class ApiMiddleware:
    """Adds headers to `/api/` answers and answers CORS preflights."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tenant: TenantInfo | None = request.tenant  # type: ignore[attr-defined]
        if tenant is None or not request.path.startswith(PREFIX):
            return self.get_response(request)
        preflight = request.method == "OPTIONS" and "access-control-request-method" in request.headers
        response = HttpResponse(status=204) if preflight else self.get_response(request)
        self._allow_origin(request, tenant, response)
        if rate := getattr(request, "rate", None):
            limit, remaining, reset = rate
            response["RateLimit-Limit"], response["RateLimit-Remaining"] = str(limit), str(remaining)
            response["RateLimit-Reset"] = str(reset)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response

    def _allow_origin(self, request: HttpRequest, tenant: TenantInfo, response: HttpResponse) -> None:
        origin = request.headers.get("origin")
        response["Vary"] = "Origin"
        if origin is None or not origins.allowed(tenant, origin, request.get_host()):
            return
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key"
        response["Access-Control-Expose-Headers"] = (
            "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After"
        )
        response["Access-Control-Max-Age"] = "600"
