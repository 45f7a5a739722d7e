from typing import ClassVar

from django.db import models
from django.utils import timezone


class Room(models.Model):
    """A place to talk. `last_seq` and `last_rev` are its counters: the writer alone moves them, under its lock."""

    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"
        DIRECT = "direct"
        SUPPORT = "support"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PUBLIC)
    title = models.CharField(max_length=120, blank=True, default="")
    last_seq = models.BigIntegerField(default=0)
    last_rev = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    # Seconds between two messages of one user; 0 where nobody has to wait.
    slow_mode = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
