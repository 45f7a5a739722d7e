"""The record of administrative actions, in the tenant's schema. Rows are added, never changed."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """One action. `actor` and `object` are public ids as they were then: an entry outlives what it speaks of."""

    at = models.DateTimeField(default=timezone.now)
    # `staff:…`, `bot:key_…` (the very key), a user's id, or `snug` for jobs and commands.
    actor = models.CharField(max_length=140)
    action = models.CharField(max_length=40)
    object = models.CharField(max_length=240, blank=True, default="")
    details = models.JSONField(default=dict)
    # Where the request came from, "" where there was none.
    address = models.CharField(max_length=45, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
            models.Index(fields=["action", "id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object}"
