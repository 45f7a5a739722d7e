"""What a tenant has bought: the local copy of what Stripe says, and what follows from it."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from tenants.models import Tenant
from tenants.plans import Plan, plan_of

GRACE: Final = timedelta(days=7)
# While Stripe collects for it, in its words.
RUNNING: Final = ("trialing", "active", "past_due", "unpaid")
# Of those: what it collected last did not come. Whoever owes for an invoice before may be in good standing with Stripe.
OWED_FOR: Final = ("past_due", "unpaid")


class Subscription(models.Model):
    """One a tenant, from the first time that it turns to Stripe. `billing.actions.refresh` alone writes the copy."""

    class Standing(models.TextChoices):
        """What the payments mean for the workspace."""

        NONE = "none"  # nothing was ever bought: billing has no say in the plan
        GOOD = "good"
        PAST_DUE = "past_due"
        SUSPENDED = "suspended"
        ENDED = "ended"

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    customer_id = models.CharField(max_length=64, null=True, unique=True)
    # Set where the customer lives by a test clock of Stripe's: its time counts, not ours.
    test_clock = models.CharField(max_length=64, blank=True, default="")

    # The copy. `status` is Stripe's word, empty where there is no subscription; plan, version and interval are of the
    # price that is being paid for.
    subscription_id = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=24, blank=True, default="")
    plan = models.CharField(max_length=20, blank=True, default="")
    plan_version = models.PositiveSmallIntegerField(null=True)
    interval = models.CharField(max_length=8, blank=True, default="")
    collection_method = models.CharField(max_length=24, blank=True, default="")
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    trial_end = models.DateTimeField(null=True)
    cancel_at = models.DateTimeField(null=True)
    next_plan = models.CharField(max_length=20, blank=True, default="")
    next_interval = models.CharField(max_length=8, blank=True, default="")
    next_at = models.DateTimeField(null=True)
    past_due_since = models.DateTimeField(null=True)
    had_trial = models.BooleanField(default=False)
    refreshed_at = models.DateTimeField(null=True)
    # By how many seconds Stripe's clock, or the customer's test clock, was ahead of ours then. 0 wherever time is one.
    clock_ahead = models.IntegerField(default=0)

    # The unpaid invoices, due or not: how many, and the one that falls due first. It has no number while Stripe is
    # about to send it.
    open_count = models.PositiveSmallIntegerField(default=0)
    open_cents = models.PositiveIntegerField(default=0)
    open_number = models.CharField(max_length=64, blank=True, default="")
    open_due = models.DateTimeField(null=True)
    open_by_mail = models.BooleanField(default=False)
    # Of the unpaid ones, those that were due when Stripe was asked last: the workspace owes until all are paid.
    due_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_cents = models.PositiveBigIntegerField(default=0, db_default=0)
    # Since when Stripe tries the card again for one of them; None where they went by mail.
    retried_since = models.DateTimeField(null=True)
    # What the customer has to their credit, in US cents: the next invoices use it up.
    credit_cents = models.PositiveIntegerField(default=0, db_default=0)

    standing = models.CharField(max_length=12, choices=Standing, default=Standing.NONE)
    # The owner's word: connections beyond the plan may cost up to so many US dollars in a calendar month.
    overage_on = models.BooleanField(default=False)
    overage_ceiling_usd = models.PositiveIntegerField(default=0)
    # What one block costs, in US cents, by the metered item that bills it; 0 while the subscription has none.
    block_cents = models.PositiveIntegerField(default=0, db_default=0)
    # Since when it does, as far as is known: Stripe bills no usage of before by it.
    metered_since = models.DateTimeField(null=True)
    # What was paid for plans so far, in US cents, which the highest ceiling goes by. Kept while overage is on.
    paid_cents = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["past_due_since"]),
            models.Index(fields=["subscription_id"]),
        ]

    def __str__(self) -> str:
        return f"subscription of tenant {self.tenant_id}"

    @property
    def running(self) -> bool:
        """Whether there is a subscription that Stripe still collects for."""
        return self.status in RUNNING

    @property
    def by_invoice(self) -> bool:
        """Whether what comes next is mailed as an invoice, and no card is charged."""
        return self.running and self.collection_method == "send_invoice"

    @property
    def ends_with_period(self) -> bool:
        """Whether the plan ends, or another begins, when the period is over that is paid for."""
        return bool(self.next_plan or self.cancel_at)

    @property
    def bought(self) -> Plan:
        """The plan that is being paid for, in the version that was bought."""
        return plan_of(self.plan or "free", self.plan_version)

    @property
    def now(self) -> datetime:
        """The time by which the payments are counted."""
        return timezone.now() + timedelta(seconds=self.clock_ahead)

    @property
    def suspends_at(self) -> datetime | None:
        """When the workspace is suspended unless something is paid."""
        return self.past_due_since + GRACE if self.past_due_since else None

    @property
    def ends_unpaid_at(self) -> datetime | None:
        """About when Stripe gives up on the card and ends the plan; None where it does neither: nothing is owed, it is
        over already, or what is owed went by mail."""
        days = settings.STRIPE_RETRY_DAYS
        if not (self.status == "past_due" and days and self.retried_since):
            return None
        return self.retried_since + timedelta(days=days)
