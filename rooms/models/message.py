import uuid
from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models import Member
from rooms.models.room import Room


class Message(models.Model):
    """One message. `seq` is its place in the room for ever; `rev` the room's revision that last changed it.

    `id` is made by the process that accepts the message, so that a commit whose outcome was lost can be looked up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    seq = models.BigIntegerField()
    rev = models.BigIntegerField()
    sender = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="messages", db_index=False)
    body = models.TextField()
    client_id = models.CharField(max_length=64, null=True)
    reply_to = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    # [{"emoji", "count"}], in the order of first use.
    reactions = models.JSONField(default=list, db_default=[])
    # [{"id", "name", "type", "size", "width", "height"}], in the order given; null for nearly all messages.
    files = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once"),
            models.UniqueConstraint(
                fields=["room", "sender", "client_id"],
                condition=models.Q(client_id__isnull=False),
                name="message_client_id_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["room", "rev"], name="message_rev"),
            # Rows come in order of time: a few blocks' summaries answer "how many today".
            BrinIndex(fields=["created_at"], name="message_time"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id}#{self.seq}"
