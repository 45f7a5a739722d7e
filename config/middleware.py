"""Django's own middleware, fitted to hosts that are either the portal or a tenant."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.authentication import SESSION_KEY
from config.errors import method_not_allowed
from tenants.requests import tenant_of

GetResponse = Callable[[HttpRequest], HttpResponse]


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages, and leaves files alone: they are streamed, and asked for by ranges of their own bytes."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)


class TenantSessionMiddleware(SessionMiddleware):
    """Sessions exist on tenants' hosts only: the portal has no such table, and ignores a cookie that claims one."""

    def process_request(self, request: HttpRequest) -> None:
        if tenant_of(request) is not None:
            name = settings.SESSION_COOKIE_NAME
            if not SESSION_KEY.fullmatch(request.COOKIES.get(name, "")):
                request.COOKIES.pop(name, None)
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return super().process_response(request, response) if tenant_of(request) is not None else response


class TenantAuthenticationMiddleware(AuthenticationMiddleware):
    """`request.user` exists on tenants' hosts only."""

    def process_request(self, request: HttpRequest) -> None:
        if tenant_of(request) is not None:
            super().process_request(request)


class SecurityHeadersMiddleware:
    """A strict Content-Security-Policy for every page that does not bring its own."""

    POLICY = (
        "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
        "form-action 'self' {forms}; frame-ancestors {ancestors}; connect-src 'self'"
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Content-Security-Policy" not in response:
            # After a sign-up the portal's form leads on to the new tenant's host.
            base = f"*.{settings.SNUG_BASE_DOMAIN}:*"
            # A form that buys something leads to Stripe's pages.
            forms = " ".join([base, *settings.STRIPE_PAGES])
            response["Content-Security-Policy"] = self.POLICY.format(forms=forms, ancestors="'none'")
        if "X-Frame-Options" not in response and not getattr(response, "xframe_options_exempt", False):
            response["X-Frame-Options"] = "DENY"
        return response


class RefusedMethodMiddleware:
    """A page in place of the empty answer that Django's views give to a method they do not take."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content:
            return response
        page = method_not_allowed(request)
        page["Allow"] = response["Allow"]
        return page


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, handing over whole files: Django would otherwise warn of each stream and read it whole anyway."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Answer with the file, or with what a conditional request deserves."""
        found = static_file.get_response(request.method, request.META)
        with found.file or nullcontext() as file:
            response = HttpResponse(file.read() if file else b"", status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
