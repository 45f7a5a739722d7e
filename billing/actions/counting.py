"""Counting open connections: the day's most, and what was used beyond the plan of what is paid for.

What is counted is priced in the same moment. Minutes later it may have another price, or belong to a subscription that
is over.
"""

import logging
from datetime import date, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models.functions import Greatest
from django.utils import timezone

from billing.errors import BillingRefused
from billing.gateway.contracts import clock_of
from billing.models import ConnectionPeak, Subscription, UsageReport
from billing.usage import blocks_under, month_of
from realtime import leases, store
from tenants.entitlements import limits_for
from tenants.models import Tenant
from tenants.plans import OVERAGE_BLOCK, blocks_beyond

COUNTED_EVERY: Final = timedelta(minutes=1)

logger = logging.getLogger("snug.billing")


def measure(tenant_ids: list[int], day: date) -> None:
    """Count tenants' open connections, and remember the day's highest count. Raises store.AWAY's errors."""
    counts = {id_: count for id_, count in leases.counts_sync(tenant_ids).items() if count}
    for tenant in Tenant.objects.filter(pk__in=list(counts)):
        remember(tenant, day, counts[tenant.pk])


def measure_now(tenant_id: int) -> None:
    """Count once more at what is allowed now, and at the price of now, before either changes: what is open now was
    used, though it be closed before the next count."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None or not tenant.extra_connections:
        return
    try:
        count = leases.count_sync(tenant_id)
    except store.AWAY as error:
        # Nobody must go on paying because we cannot count; what is open is closed all the same.
        logger.warning("connections of tenant %s not counted: %s", tenant_id, type(error).__name__)
        return
    if count:
        remember(tenant, timezone.now().date(), count)


def remember(tenant: Tenant, day: date, count: int) -> None:
    """A count of one tenant's connections; smaller ones than are known change nothing."""
    known = ConnectionPeak.objects.filter(tenant=tenant, day=day)
    if not known.filter(peak__gte=count).exists():
        ConnectionPeak.objects.bulk_create(
            [ConnectionPeak(tenant=tenant, day=day, peak=count)], ignore_conflicts=True
        )
        known.update(peak=Greatest("peak", count))
    plan_allows = limits_for(tenant.plan, tenant.own_limits, tenant.plan_version).max_connections
    blocks = min(blocks_beyond(plan_allows, count), tenant.extra_connections // OVERAGE_BLOCK)
    if blocks:
        _charge(tenant, month_of(day), blocks)


def _charge(tenant: Tenant, month: str, blocks: int) -> None:
    """Write down what this adds to the month's most under the subscription and at the price of now."""
    bought = Subscription.objects.select_related("tenant").filter(tenant=tenant).first()
    if bought is None or not (bought.customer_id and bought.running and bought.block_cents):
        return
    # Read together with the price: `tenant` may be from before it changed.
    blocks = min(blocks, bought.tenant.extra_connections // OVERAGE_BLOCK)
    while blocks > (before := blocks_under(bought, month)):
        try:
            with transaction.atomic():
                UsageReport.objects.create(
                    tenant=tenant,
                    subscription_id=bought.subscription_id,
                    month=month,
                    before=before,
                    after=blocks,
                    block_cents=bought.block_cents,
                    customer_id=bought.customer_id,
                    measured_at=_counted_at(bought),
                )
        except IntegrityError:  # counted twice in one moment: what the other has not seen is left to us
            continue


def _counted_at(bought: Subscription) -> datetime:
    """When the connections were open: within the last minute, and while the terms were in force that we know of.

    An invoice that is drawn at this very second bills what was before it, and a price bills nothing that was before it
    came. A period that is over is followed by another of the same, though we may not have heard of it yet; but where
    it was to end, or another plan to begin, it was the end of that period: by now the price may be another.
    """
    now, over = _now(bought), bought.period_end
    begun = [bought.period_start, bought.metered_since]
    if over is not None and over <= now and bought.ends_with_period:
        return over - timedelta(seconds=1)
    return max(
        [now - COUNTED_EVERY, *(since for since in [*begun, over] if since is not None and since <= now)]
    )


def _now(bought: Subscription) -> datetime:
    """The time that the customer lives by."""
    if bought.test_clock:
        try:
            return clock_of(bought.test_clock)
        except BillingRefused:  # as far ahead as it was
            logger.warning("the clock of tenant %s is not known", bought.tenant_id)
    return bought.now
