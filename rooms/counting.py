"""Counting what a workspace holds. Runs inside the tenant's schema."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.utils import timezone

from accounts.models import Member
from rooms.models import Message
from tenants.context import schema_connection

# Counting reads what it counts: a busy workspace's ten open consoles must not each do that. What took long is good for
# longer, so that counting never takes more than a hundredth of anybody's time.
FRESH: Final = 15.0
REST: Final = 100
MOST: Final = 3_000

_counted: dict[tuple[str, str], tuple[float, int]] = {}


def messages_today() -> int:
    """Messages since midnight UTC, deleted ones too; FRESH seconds old or, where counting is slow, more."""
    midnight = _midnight()
    return _known("today", lambda: _since(midnight))


def messages_this_month() -> int:
    """The same since the first of the month."""
    first = _midnight().replace(day=1)
    return _known("month", lambda: _since(first))


def people() -> int:
    """The tenant's users and its guests; neither staff nor bots, and nobody who was deleted."""
    kinds = (Member.Kind.USER, Member.Kind.GUEST)
    return _known("people", Member.objects.filter(kind__in=kinds, deleted_at=None).count)


def _midnight() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _since(moment: datetime) -> int:
    return Message.objects.filter(created_at__gte=moment).count()


def _known(what: str, count: Callable[[], int]) -> int:
    key = (schema_connection().schema_name, what)
    known = _counted.get(key)
    begun = time.monotonic()
    if known is not None and known[0] > begun:
        return known[1]
    found = count()
    if len(_counted) >= MOST:
        _counted.clear()
    now = time.monotonic()
    _counted[key] = (now + max(FRESH, REST * (now - begun)), found)
    return found
