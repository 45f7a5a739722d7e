from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Member


class File(models.Model):
    """A file of a room. It is its uploader's alone until a message of theirs takes it, and that message's from then on.

    The row is there before the bytes and goes after them, so that nothing is ever stored that no row knows. A deleted
    file is nobody's at once; a job removes what is left of it.
    """

    # What everyone outside knows it by.
    key = models.UUIDField(unique=True, default=uuid4)
    # Rooms and messages are above this one: their ids, without a foreign key.
    room_id = models.BigIntegerField()
    message_id = models.UUIDField(null=True)
    uploader = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    # Of pictures, in pixels.
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    stored_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["room_id", "id"], name="file_room"),
            models.Index(fields=["message_id"], name="file_message", condition=Q(message_id__isnull=False)),
            # What waits for its message, by whom; and what is to go.
            models.Index(
                fields=["uploader", "created_at"], name="file_waiting", condition=Q(message_id__isnull=True)
            ),
            models.Index(fields=["deleted_at"], name="file_deleted", condition=Q(deleted_at__isnull=False)),
        ]

    @property
    def is_picture(self) -> bool:
        """Whether it was made anew, and has a thumbnail."""
        return self.width is not None

    def __str__(self) -> str:
        return f"{self.key}: {self.name}"
