"""Which tenant an HTTP request is for, decided once, before anything else looks at it."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from tenants import directory, health
from tenants.directory import TenantInfo
from tenants.problems import problem

GetResponse = Callable[[HttpRequest], HttpResponse]


class TenantRequest(HttpRequest):
    """A request as views see it: `tenant` is None on the portal."""

    tenant: TenantInfo | None


class HealthMiddleware:
    """`/healthz`, `/readyz` and `/metrics`, on every host, before hosts are looked at."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = health.VIEWS.get(request.path)
        return view(request) if view else self.get_response(request)


class HostMiddleware:
    """Finds the tenant by host, and holds its schema open for the request, and for the request alone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        connection.set_schema_to_public()
        try:
            host = request.get_host()
        except DisallowedHost:
            return not_found()
        if directory.is_portal(host):
            return self._serve(request, None)
        tenant = directory.find(host)
        if tenant is None:
            return not_found()
        connection.set_tenant(tenant)
        try:
            return self._serve(request, tenant)
        finally:
            connection.set_schema_to_public()

    def _serve(self, request: HttpRequest, tenant: TenantInfo | None) -> HttpResponse:
        request.tenant = tenant  # type: ignore[attr-defined]
        request.urlconf = settings.ROOT_URLCONF if tenant else settings.PUBLIC_SCHEMA_URLCONF  # type: ignore[attr-defined]
        return self.get_response(request)


class TenantStateMiddleware:
    """A suspended tenant answers 402, a half-built one 404; sign-in and billing stay open to the owner."""

    OPEN_WHEN_SUSPENDED = ("/login/", "/logout/", "/console/billing/")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tenant: TenantInfo | None = request.tenant  # type: ignore[attr-defined]
        if tenant is None or tenant.open:
            return self.get_response(request)
        if tenant.state != "suspended":
            return not_found()
        if request.path.startswith(self.OPEN_WHEN_SUSPENDED):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return problem(
                402, "tenant_suspended", "This workspace is suspended. Its owner can settle it in billing."
            )
        return SimpleTemplateResponse("errors/402.html", {"tenant": tenant}, status=402).render()


def not_found() -> HttpResponse:
    """The page for a host that is nobody's."""
    return SimpleTemplateResponse("errors/404.html", status=404).render()
