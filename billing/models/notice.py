"""What has been mailed, so that nobody is told the same thing twice."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.models import Tenant


class Notice(models.Model):
    """One mail to a tenant's owners. `about` is what makes it one: a month, an invoice, the day a payment failed."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80)
    sent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "kind", "about"], name="billing_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.about}) to tenant {self.tenant_id}"
