from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """Something that happened, as it was then. `id` gives the order; the outside world knows it by `uuid`."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(db_default=RandomUUID())
    type = models.CharField(max_length=40)
    # Which room it is about. No foreign key: it outlives the room, and a commit of messages must not wait for it.
    room_id = models.BigIntegerField(null=True)
    data = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"

    @property
    def public_id(self) -> str:
        """What receivers tell repeats by: the same whenever and wherever it is sent."""
        return f"evt_{self.uuid.hex}"
