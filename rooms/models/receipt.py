from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Member
from rooms.models.room import Room


class Receipt(models.Model):
    """How far a member has read in a room. Written by the writer alone, and never backwards."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="receipts", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="receipts")
    seq = models.BigIntegerField()
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "member"], name="receipt_once")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.room_id} up to {self.seq}"
