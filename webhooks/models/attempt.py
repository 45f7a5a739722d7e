from typing import ClassVar

from django.db import models

from webhooks.models.delivery import Delivery


class Attempt(models.Model):
    """One request, and what came back. The body that was sent is the event's, the same each time."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, db_constraint=False, related_name="ledger"
    )
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    url = models.CharField(max_length=2000)
    request_headers = models.JSONField()
    # NULL where no answer came; then `error` says why.
    status = models.PositiveSmallIntegerField(null=True)
    response_headers = models.JSONField(null=True)
    response_body = models.TextField(blank=True, default="")
    error = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"attempt at {self.delivery_id}: {self.status or self.error}"
