"""What the overview counts. Runs inside the tenant's schema."""

import time
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from realtime import leases, store
from rooms.models import Message, Room
from tenants.directory import TenantInfo

# Counting a day's messages reads them all: a busy workspace's ten open consoles must not each do that.
FRESH: Final = 15.0
MOST: Final = 1_000

_counted: dict[str, tuple[float, int]] = {}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A workspace at this moment. `connections` is None while Redis cannot tell."""

    connections: int | None
    messages_today: int
    rooms: int


def numbers(tenant: TenantInfo) -> Numbers:
    """Connections now, messages since midnight UTC (up to FRESH seconds old), rooms."""
    return Numbers(_connections(tenant.id), _messages_today(tenant.schema_name), Room.objects.count())


def _connections(tenant_id: int) -> int | None:
    try:
        return leases.count_sync(tenant_id)
    except store.AWAY:
        return None


def _messages_today(schema: str) -> int:
    known = _counted.get(schema)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    count = Message.objects.filter(created_at__gte=midnight).count()
    if len(_counted) >= MOST:
        _counted.clear()
    _counted[schema] = (time.monotonic() + FRESH, count)
    return count
