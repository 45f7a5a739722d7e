"""Going round all tenants. One tenant's fault is logged, and holds up nobody else."""

import logging
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final, TypeVar

from django.utils import timezone

from billing import actions
from billing.errors import BillingRefused, StripeAway
from billing.models import StripeEvent, Subscription, UsageReport
from realtime import store
from tenants import directory
from tenants.hosts import tenant_host
from tenants.models import Tenant

T = TypeVar("T")
# Stripe itself tries for three days; an hour's round that was missed is made good by the next.
LOOK_BACK = timedelta(days=1)
# Whom Stripe did not answer so often in a row, it answers nobody; each one waits half a minute to learn that.
IN_VAIN: Final = 3
logger = logging.getLogger("snug.billing")


def fetch_missed_events() -> int:
    """Ask Stripe what it has sent within LOOK_BACK, and keep what we do not have; 1 where it did not answer."""
    try:
        missed = actions.fetch_events(timezone.now() - LOOK_BACK)
    except BillingRefused as refused:
        logger.warning("missed events not fetched: %s", refused)
        return 1
    if missed:
        logger.warning("%d events of Stripe's had not come, and were fetched", missed)
    return 0


def apply_waiting_events() -> int:
    """Apply what is not applied yet, oldest first; how many faults there were."""
    waiting = StripeEvent.objects.filter(applied_at=None).order_by("created", "id")
    return _each(waiting.values_list("id", flat=True), actions.apply_event)


def refresh_all() -> int:
    """Fetch every customer's state from Stripe; how many faults there were."""
    known = Subscription.objects.filter(customer_id__isnull=False).order_by("tenant_id")
    return _each(known.values_list("tenant_id", flat=True), actions.refresh)


def refresh_debtors() -> int:
    """The same for those whose grace is running."""
    owing = Subscription.objects.filter(past_due_since__isnull=False).order_by("tenant_id")
    return _each(owing.values_list("tenant_id", flat=True), actions.refresh)


def measure_all(day: date) -> None:
    """Count every open tenant's connections. Those of test sides cost nobody anything."""
    open_states = (Tenant.State.ACTIVE, Tenant.State.PAST_DUE)
    live = Tenant.objects.filter(state__in=open_states, test_of=None)
    try:
        actions.measure(list(live.values_list("id", flat=True)), day)
    except store.AWAY as error:
        logger.warning("connections not counted: %s", type(error).__name__)


def report_all() -> int:
    """Report the overage of everyone who has used some that was not reported; how many faults there were."""
    unsent = UsageReport.objects.filter(sent_at=None).order_by("tenant_id")
    return _each(unsent.values_list("tenant_id", flat=True).distinct(), actions.report_usage)


def check_all_limits(today: date) -> int:
    """Look for limits of live tenants that are nearly used; how many faults there were."""

    def check(slug: str) -> None:
        tenant = directory.look_up(tenant_host(slug))
        if tenant is not None and tenant.open:
            actions.check_limits(tenant, today)

    open_states = (Tenant.State.ACTIVE, Tenant.State.PAST_DUE)
    live = Tenant.objects.filter(state__in=open_states, test_of=None)
    return _each(live.values_list("slug", flat=True), check)


def _each(things: Iterable[T], work: Callable[[T], object]) -> int:
    every = list(things)
    faults = in_vain = 0
    for done, thing in enumerate(every):
        try:
            work(thing)
        except (
            BillingRefused
        ) as refused:  # Stripe is away, or has changed its mind: the next round tries again
            logger.warning("billing of %s waits: %s", thing, refused)
            faults += 1
            in_vain = in_vain + 1 if isinstance(refused, StripeAway) else 0
            if in_vain == IN_VAIN:
                left = len(every) - done - 1
                logger.warning("the payment provider is away: %d wait for the next round", left)
                return faults + left
        except Exception:
            logger.exception("billing of %s failed", thing)
            faults += 1
            in_vain = 0
        else:
            in_vain = 0
    return faults
