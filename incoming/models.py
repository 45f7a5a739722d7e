import secrets
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Member
from rooms.models import Room
from tenants import encryption


def new_incoming_id() -> str:
    """A fresh public id for an incoming webhook."""
    return f"in_{secrets.token_hex(8)}"


class IncomingWebhook(models.Model):
    """An address that posts into a room. Whoever knows its token may use it, so the token is stored as a hash."""

    id = models.CharField(primary_key=True, max_length=24, default=new_incoming_id)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="incoming_webhooks")
    # What it said stays when it goes.
    bot = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    token_hash = models.BinaryField(max_length=32, unique=True)
    # Made in the console, whose next page shows the address, once.
    unseen_token = models.BinaryField(max_length=500, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    def take_unseen_token(self) -> str | None:
        """The token if nobody has been shown it yet; it is shown by this call alone."""
        sealed = self.unseen_token
        mine = IncomingWebhook.objects.filter(pk=self.pk, unseen_token__isnull=False)
        return encryption.decrypt(sealed) if sealed and mine.update(unseen_token=None) else None
