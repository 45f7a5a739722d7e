"""Version 1. Fields may be added, never renamed."""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from api import errors, reference
from api.description import describe
from api.guides import as_markdown
from api.payloads import Payloads
from api.v1 import (
    audit,
    blocks,
    files,
    filters,
    guests,
    incoming,
    keys,
    members,
    messages,
    moderation,
    presence,
    public_keys,
    reactions,
    receipts,
    reports,
    rooms,
    search,
    testmode,
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
    parser=Payloads(),
    docs_url=None,  # the framework's page needs scripts from another host: api.reference is ours
    description="Rooms, members, messages and webhooks of one workspace. Errors are RFC 9457 problem documents.\n\n"
    + as_markdown(),
)
errors.install(api)
MODULES = (
    tokens,
    guests,
    blocks,  # before users, whose addresses would take in theirs
    users,
    rooms,
    members,
    messages,
    reactions,
    files,
    receipts,
    reports,
    filters,
    moderation,
    search,
    presence,
    incoming,
    keys,
    public_keys,
    webhooks,
    webhook_deliveries,
    usage,
    audit,
    testmode,
)
for module in MODULES:
    describe(module.router)
    api.add_router("", module.router)


def docs(request: HttpRequest) -> HttpResponse:
    """The reference of this version."""
    return reference.page(request, api)
