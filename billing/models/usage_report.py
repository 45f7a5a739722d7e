"""What was reported to Stripe's meter, or is about to be."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.models import Tenant


class UsageReport(models.Model):
    """The step from `before` to `after` blocks of overage in a calendar month, under one subscription and at one price.
    It is written when it is counted and sent after: one whose answer was lost goes out again under the same identifier,
    which Stripe counts once."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    subscription_id = models.CharField(max_length=64, default="", db_default="")
    month = models.CharField(max_length=7)  # 2026-11
    before = models.PositiveIntegerField()
    after = models.PositiveIntegerField()
    # What a block costs, in US cents.
    block_cents = models.PositiveIntegerField(default=0, db_default=0)
    customer_id = models.CharField(max_length=64)
    # When the usage was measured, in the time that the customer lives by.
    measured_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "subscription_id", "month", "block_cents", "before"],
                name="billing_usage_step_once",
            )
        ]

    def __str__(self) -> str:
        return f"usage of tenant {self.tenant_id} in {self.month}: {self.before} to {self.after}"

    @property
    def identifier(self) -> str:
        """By which Stripe knows a repeat."""
        return f"{self.subscription_id}-{self.month}-{self.block_cents}-{self.before}-{self.after}"
