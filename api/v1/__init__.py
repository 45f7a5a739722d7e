"""Version 1. Fields may be added, never renamed."""

from ninja import NinjaAPI

from api import errors
from api.v1 import guests, members, messages, rooms, tokens

api = NinjaAPI(
    title="Snug",
    version="1",
    urls_namespace="api-v1",
    docs_url="/docs",
    description="Rooms, members and messages of one workspace. Errors are RFC 9457 problem documents.",
)
errors.install(api)
for module in (tokens, guests, rooms, members, messages):
    api.add_router("", module.router)
