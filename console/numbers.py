"""What the overview counts. Runs inside the tenant's schema."""

from dataclasses import dataclass

from billing.usage import open_connections
from rooms import counting
from rooms.models import Room
from tenants.directory import TenantInfo


@dataclass(frozen=True, slots=True)
class Numbers:
    """A workspace at this moment. `connections` is None while Redis cannot tell."""

    connections: int | None
    messages_today: int
    rooms: int


def numbers(tenant: TenantInfo) -> Numbers:
    """Connections now, messages since midnight UTC (a moment old), rooms."""
    return Numbers(open_connections(tenant.id), counting.messages_today(), Room.objects.count())
