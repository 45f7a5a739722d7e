"""What is kept of events and attempts: two weeks."""

from datetime import timedelta
from typing import Final

from django.db.models import Max
from django.utils import timezone

from webhooks.models import Attempt, Delivery, Event

KEPT: Final = timedelta(days=14)
# In one statement, so that no lock is held for long.
AT_ONCE: Final = 5_000


def forget_old() -> None:
    """Delete what is older than KEPT, delivered or not, oldest first. Runs inside the tenant's schema."""
    before = timezone.now() - KEPT
    while oldest := list(Event.objects.order_by("id").values_list("id", flat=True)[:AT_ONCE]):
        old = Event.objects.filter(id__in=oldest, created_at__lt=before)
        upto = old.aggregate(upto=Max("id"))["upto"]
        if upto is None:
            break
        while Delivery.objects.filter(
            id__in=Delivery.objects.order_by("id").values("id")[:AT_ONCE], event_id__lte=upto
        )._raw_delete(Delivery.objects.db):
            pass
        old._raw_delete(Event.objects.db)
    while Attempt.objects.filter(
        id__in=Attempt.objects.order_by("id").values("id")[:AT_ONCE], at__lt=before
    )._raw_delete(Attempt.objects.db):
        pass
