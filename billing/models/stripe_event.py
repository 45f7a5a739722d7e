"""What Stripe told us, word for word."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class StripeEvent(models.Model):
    """One event, stored before anything is made of it. Its body is never believed: it says what to fetch."""

    id = models.CharField(primary_key=True, max_length=80)
    type = models.CharField(max_length=80)
    created = models.DateTimeField()
    payload = models.JSONField()
    received_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    # Why the last attempt failed, for whoever looks into it.
    fault = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["received_at"],
                condition=models.Q(applied_at__isnull=True),
                name="billing_event_waiting",
            ),
            models.Index(fields=["received_at"], name="billing_event_received"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
