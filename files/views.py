"""What a signed link leads to."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from files import links, serving
from files.models import File
from tenants.requests import tenant_of


@require_safe
def signed(request: HttpRequest, key: UUID, variant: links.Variant, name: str) -> HttpResponseBase:
    """A file, or its thumbnail. No cookie and no key is asked for: the link is for exactly this, here, for minutes."""
    tenant = tenant_of(request)
    asked = request.GET
    if tenant is None or not links.is_good(
        tenant.schema_name,
        key,
        variant,
        asked.get("until", ""),
        asked.get("signature", ""),
        test=tenant.is_test,
    ):
        raise Http404
    file = File.objects.filter(key=key, deleted_at=None, stored_at__isnull=False).first()
    if file is None or (variant == links.THUMBNAIL and not file.is_picture):
        raise Http404
    try:
        return serving.answer(request, tenant.schema_name, file, variant)
    except FileNotFoundError:
        raise Http404 from None
