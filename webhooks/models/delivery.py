from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from webhooks.models.endpoint import Endpoint
from webhooks.models.event import Event


class Delivery(models.Model):
    """An event that is owed to an endpoint.

    Those of one `lane` go one after the other: the room's id, 0 where there is none, and below 0 a lane of its own,
    for what was sent again by hand. Its keys are no foreign ones in the database: an endpoint that is deleted must
    not make a message fail that is being committed at that moment. What is left over goes with age.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries"
    )
    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries"
    )
    lane = models.BigIntegerField(db_default=0)
    state = models.CharField(max_length=10, choices=State, db_default=State.PENDING)
    # Of this round: sending it again by hand begins at 0.
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_at = models.DateTimeField(db_default=Now())
    # When its first attempt began: a day later it is given up.
    first_at = models.DateTimeField(null=True)
    # Until when a courier has it; a courier that died lets it go by then.
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["endpoint", "lane", "event"],
                condition=models.Q(state="pending"),
                name="delivery_lanes",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return f"dlv_{self.pk}"
