"""The jobs of billing. Each starts in the public schema and may run twice, on two workers, or late."""

import logging
from typing import Any

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from billing import actions, mails, reading, rounds
from tenants.models import Tenant

logger = logging.getLogger("snug.billing")

MAIL_RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)
# What is still not applied after these, some minutes later, is taken up by `reconcile` each hour.
EVENT_RETRY = RetryStrategy(max_attempts=6, exponential_wait=3)


@app.task(retry=EVENT_RETRY)
def apply_stripe_event(event_id: str) -> None:
    """Apply a stored event."""
    actions.apply_event(event_id)


@app.task(retry=MAIL_RETRY)
def mail_notice(tenant_id: int, kind: str, facts: dict[str, Any]) -> None:
    """Mail a tenant's owners the notice `kind`. The facts are figures and moments, no secrets."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        mails.send_notice(tenant, kind, facts)


@app.periodic(cron="7 * * * *")
@app.task()
def reconcile(timestamp: int) -> None:
    """Fetch the events that never came, and apply what could not be applied when it came."""
    if reading.can_buy():
        rounds.fetch_missed_events()
        rounds.apply_waiting_events()


@app.periodic(cron="29 4 * * *")
@app.task()
def refresh_all(timestamp: int) -> None:
    """Fetch everyone's state, whatever events said, or did not."""
    if reading.can_buy():
        rounds.refresh_all()


@app.periodic(cron="*/10 * * * *")
@app.task()
def collect(timestamp: int) -> None:
    """Remind those who owe, and suspend them when their grace is over."""
    if reading.can_buy():
        rounds.refresh_debtors()


@app.periodic(cron="* * * * *")
@app.task()
def measure_connections(timestamp: int) -> None:
    """Count every tenant's open connections."""
    rounds.measure_all(timezone.now().date())


@app.periodic(cron="* * * * *")
@app.task()
def report_usage(timestamp: int) -> None:
    """Tell Stripe of connections beyond the plan. What is not told before a plan ends is billed to nobody."""
    if reading.can_buy():
        rounds.report_all()


@app.periodic(cron="*/2 * * * *")
@app.task()
def check_limits(timestamp: int) -> None:
    """Mail at 80 % and 100 % of a limit."""
    rounds.check_all_limits(timezone.now().date())


@app.periodic(cron="41 3 * * *")
@app.task()
def forget_old_events(timestamp: int) -> None:
    """Delete events that have long been applied."""
    actions.forget_old_events()
