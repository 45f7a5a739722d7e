"""When a key or an address was last used, for the eyes of whoever decides whether it can go."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone


def note_use(used: QuerySet[Any]) -> None:
    """Keep their `last_used_at` to the minute, without a write for every use."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    used.filter(stale).update(last_used_at=now)
