import secrets
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tenants import encryption


def new_endpoint_id() -> str:
    """A fresh public id for an endpoint."""
    return f"wh_{secrets.token_hex(8)}"


class Endpoint(models.Model):
    """A server of the tenant's own that wants to be told. Its secrets sign, so they are encrypted and not hashed."""

    class Reason(models.TextChoices):
        """Why nothing is sent."""

        NONE = ""
        BY_HAND = "switched_off"
        GONE = "gone"
        FAILING = "failing"

    id = models.CharField(primary_key=True, max_length=24, default=new_endpoint_id)
    url = models.CharField(max_length=2000)
    # Types and patterns: `message.created`, `message.*`, `*`.
    events = ArrayField(models.CharField(max_length=40))
    secret = models.BinaryField(max_length=500)
    previous_secret = models.BinaryField(max_length=500, null=True)
    # Until when both secrets sign.
    previous_until = models.DateTimeField(null=True)
    # Made in the console, whose next page shows the secret, once.
    unseen = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    reason = models.CharField(max_length=16, choices=Reason, default=Reason.NONE, blank=True)
    disabled_at = models.DateTimeField(null=True)
    # Since when nothing has got through.
    failing_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.id} at {self.url}"

    def take_unseen_secret(self) -> str | None:
        """The secret if nobody has been shown it yet; it is shown by this call alone."""
        if Endpoint.objects.filter(pk=self.pk, unseen=True).update(unseen=False):
            return encryption.decrypt(self.secret)
        return None
