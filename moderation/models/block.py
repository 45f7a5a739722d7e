from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Member


class Block(models.Model):
    """One person wants to hear no more of another."""

    blocker = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="blocks", db_index=False)
    blocked = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once")]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
