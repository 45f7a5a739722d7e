"""Version 1. Fields may be added, never renamed."""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from api import errors, reference
from api.description import describe
from api.v1 import (
    audit,
    guests,
    incoming,
    keys,
    members,
    messages,
    presence,
    public_keys,
    reactions,
    receipts,
    reports,
    rooms,
    search,
    tokens,
    usage,
    users,
    webhook_deliveries,
    webhooks,
)

api = NinjaAPI(
    title="Snug",
    version="1",
    urls_namespace="api-v1",
    docs_url=None,  # the framework's page needs scripts from another host: api.reference is ours
    description="Rooms, members, messages and webhooks of one workspace. Errors are RFC 9457 problem documents.",
)
errors.install(api)
MODULES = (
    tokens,
    guests,
    users,
    rooms,
    members,
    messages,
    reactions,
    receipts,
    reports,
    search,
    presence,
    incoming,
    keys,
    public_keys,
    webhooks,
    webhook_deliveries,
    usage,
    audit,
)
for module in MODULES:
    describe(module.router)
    api.add_router("", module.router)


def docs(request: HttpRequest) -> HttpResponse:
    """The reference of this version."""
    return reference.page(request, api)
