"""What this API keeps for itself, in the tenant's schema."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone


class IdempotentRequest(models.Model):
    """A POST that was sent with an Idempotency-Key, and its answer; no status while it is being carried out."""

    # Of the caller, the method, the path and the key they sent.
    digest = models.BinaryField(max_length=32, primary_key=True)
    body_digest = models.BinaryField(max_length=32)
    # The id of the message that it posts, if it posts one: the same however often it is tried.
    message_id = models.UUIDField(default=uuid4)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotent_request_age")]

    def __str__(self) -> str:
        return f"{bytes(self.digest).hex()[:8]}: {self.status or 'under way'}"
