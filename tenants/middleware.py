"""Which tenant an HTTP request is for, decided once, before anything else looks at it."""

from collections.abc import Callable
from typing import Final, cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from tenants import directory, health
from tenants.context import give_back_connection, schema_connection
from tenants.directory import TenantInfo
from tenants.problems import problem
from tenants.requests import TenantRequest, tenant_of

GetResponse = Callable[[HttpRequest], HttpResponse]

API: Final = "/api/"
# Whose addresses are credentials, or carry one.
INCOMING: Final = API + "v1/incoming/"
FILES: Final = "/files/"


class HealthMiddleware:
    """`/healthz`, `/readyz` and `/metrics`, on every host, before hosts are looked at."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = health.VIEWS.get(request.path)
        return view(request) if view else self.get_response(request)


class HostMiddleware:
    """Finds the tenant by host, and its live or its test side by credential; holds its schema open for the request, and
    for the request alone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        database = schema_connection()
        database.set_schema_to_public()
        try:
            host = request.get_host()
        except DisallowedHost:
            return not_found(request)
        if directory.is_portal(host):
            return self._serve(request, None)
        tenant = directory.find(host)
        if tenant is None:
            return not_found(request)
        tenant = directory.side_of(tenant, _credential(request))
        database.set_tenant(tenant)
        try:
            return self._serve(request, tenant)
        finally:
            database.set_schema_to_public()
            # Django keeps it until the answer has been taken, by somebody who may take it slowly.
            give_back_connection()

    def _serve(self, request: HttpRequest, tenant: TenantInfo | None) -> HttpResponse:
        cast(TenantRequest, request).tenant = tenant
        request.urlconf = settings.ROOT_URLCONF if tenant else settings.PUBLIC_SCHEMA_URLCONF
        return self.get_response(request)


class TenantStateMiddleware:
    """A suspended tenant answers 402, a half-built one 404; sign-in and billing stay open to the owner."""

    OPEN_WHEN_SUSPENDED = ("/login/", "/logout/", "/console/billing/")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tenant = tenant_of(request)
        if tenant is None or tenant.open:
            return self.get_response(request)
        if tenant.state != "suspended":
            return not_found(request)
        if request.path.startswith(self.OPEN_WHEN_SUSPENDED):
            return self.get_response(request)
        if request.path.startswith(API):
            return problem(
                402, "tenant_suspended", "This workspace is suspended. Its owner can settle it in billing."
            )
        return SimpleTemplateResponse("errors/402.html", {"tenant": tenant}, status=402).render()


def _credential(request: HttpRequest) -> str:
    """By which a request may say that it is meant for the test side. Pages have none: they are of the live side."""
    if request.path.startswith(INCOMING):
        return request.path.removeprefix(INCOMING)
    if request.path.startswith(FILES):
        return request.GET.get("signature", "")
    if request.path.startswith(API):
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        return credential.strip() if scheme.lower() == "bearer" else ""
    return ""


def not_found(request: HttpRequest) -> HttpResponse:
    """The answer at a host that is nobody's."""
    if request.path.startswith(API):
        return problem(404, "no_such_workspace", "There is no workspace at this address.")
    return SimpleTemplateResponse("errors/404.html", status=404).render()
