"""How many connections a tenant had open at once."""

from typing import ClassVar

from django.db import models

from tenants.models import Tenant


class ConnectionPeak(models.Model):
    """The most that were open at once on one day (UTC), of counts taken once a minute."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    peak = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "day"], name="billing_peak_a_day")]

    def __str__(self) -> str:
        return f"{self.peak} connections of tenant {self.tenant_id} on {self.day}"
