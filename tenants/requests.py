"""What `tenants.middleware` adds to a request, as a type."""

from typing import cast

from django.http import HttpRequest

from tenants.directory import TenantInfo


class TenantRequest(HttpRequest):
    """A request as views see it: `tenant` is None on the portal."""

    tenant: TenantInfo | None


def tenant_of(request: HttpRequest) -> TenantInfo | None:
    """The tenant on whose host a request came, None on the portal's and before hosts have been looked at."""
    return cast(TenantRequest, request).tenant if hasattr(request, "tenant") else None
