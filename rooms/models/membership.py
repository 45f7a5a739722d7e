from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Member
from rooms.models.room import Room


class Membership(models.Model):
    """A member of a room, made by hand or by the first message in a public room."""

    class Role(models.TextChoices):
        MEMBER = "member"
        MODERATOR = "moderator"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now)
    muted_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "member"], name="membership_once")]

    @property
    def muted(self) -> bool:
        """Whether this member may only read for now."""
        return self.muted_until is not None and self.muted_until > timezone.now()

    def __str__(self) -> str:
        return f"{self.member_id} in {self.room_id}"
