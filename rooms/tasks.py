"""The jobs of rooms. Each starts in the public schema."""

from typing import Final

from procrastinate.contrib.django import app

from rooms.search import indexing
from tenants.context import in_public
from tenants.models import Tenant

# Of each minute; the next round goes on where this one ended.
SECONDS: Final = 45.0


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="rooms.index_messages")
async def index_messages(timestamp: int) -> None:
    """Bring every workspace's search index up to what was said."""
    await indexing.go_round(await in_public(_schemas), SECONDS)


def _schemas() -> list[str]:
    passing = (Tenant.State.PROVISIONING, Tenant.State.DELETING)
    return list(
        Tenant.objects.exclude(state__in=passing).order_by("pk").values_list("schema_name", flat=True)
    )
