from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Member
from rooms.models.message import Message


class Reaction(models.Model):
    """One member's emoji on a message. The sums stand in the message itself."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    emoji = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "emoji", "member"], name="reaction_once")
        ]

    def __str__(self) -> str:
        return f"{self.emoji} of {self.member_id}"
