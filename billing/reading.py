"""What pages show of billing. Reads our own tables only: Stripe may be away, and these still answer at once."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from billing.models import Subscription
from billing.models.subscription import GRACE, OWED_FOR, RUNNING
from billing.overage import extra_connections
from billing.usage import Usage, misfits, month_before, peak_of, rooms_of, usage_of
from tenants.directory import TenantInfo
from tenants.plans import PLANS, Interval, Plan, plan_of


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What is unpaid: of `count` invoices the one that falls due first, and `due_count` that are due, `due_cents` in
    all. `number` is "" while it is about to be sent."""

    count: int
    due_count: int
    due_cents: int
    cents: int
    number: str
    due: datetime
    by_mail: bool


@dataclass(frozen=True, slots=True)
class Billing:
    """How a tenant stands. Moments are None where they do not apply.

    `plan` is the one in force, `owed_for` the one that was bought last, which debts are for. `over`: Stripe has ended
    `plan` for want of payment, and it stands until the debt is settled. `status` is Stripe's word ("" without a
    subscription); `standing` is ours: none, good, past_due, suspended, ended. `ends_at`: cancelled, and free from then
    on. `ends_unpaid_at`: about when Stripe ends the plan unless something is paid. `next_plan` is in force from
    `next_at`. `block_cents` is what a block of connections beyond the plan costs; 0 where there are none.
    `credit_cents` is used up by the next invoices. `now` is the time by which all this is counted.
    """

    plan: Plan
    owed_for: Plan
    interval: Interval | None
    status: str
    standing: str
    by_invoice: bool
    trial_ends: datetime | None
    renews_at: datetime | None
    ends_at: datetime | None
    next_plan: Plan | None
    next_interval: Interval | None
    next_at: datetime | None
    past_due_since: datetime | None
    suspends_at: datetime | None
    ends_unpaid_at: datetime | None
    trial_open: bool
    overage_on: bool
    overage_ceiling_usd: int
    block_cents: int
    extra_connections: int
    credit_cents: int
    customer: bool
    now: datetime
    invoice: OpenInvoice | None

    @property
    def subscribed(self) -> bool:
        """Whether something is being paid for, on trial, or owed."""
        return self.status in RUNNING

    @property
    def collected_for(self) -> bool:
        """Whether Stripe goes on asking for the plan as each period begins."""
        return self.subscribed and self.status != "unpaid"

    @property
    def ends_at_once(self) -> bool:
        """Whether it does when it is cancelled, and not with the period that is paid for."""
        return self.status in OWED_FOR

    @property
    def over(self) -> bool:
        return self.plan.paid and self.status == "canceled" and self.standing in ("past_due", "suspended")

    @property
    def grace_days_left(self) -> int:
        """Whole days, rounded up, until the workspace is suspended; 0 when it is, or nothing is owed."""
        if self.suspends_at is None or self.standing != Subscription.Standing.PAST_DUE:
            return 0
        left = self.suspends_at - self.now
        return min(GRACE.days, max(0, -(-int(left.total_seconds()) // 86_400)))


@dataclass(frozen=True, slots=True)
class Cost:
    """What last month would have cost on a plan, in US cents: `base_cents` plus `blocks` of overage. `fits` is False
    where the plan has no way to allow that usage; `reason` says why."""

    plan: Plan
    base_cents: int
    blocks: int
    overage_cents: int
    fits: bool
    reason: str

    @property
    def cents(self) -> int:
        return self.base_cents + self.overage_cents


def can_buy() -> bool:
    """Whether Stripe is configured here. Where it is not, no paid plan can be bought: pages say so."""
    return bool(settings.STRIPE_SECRET_KEY)


def billing_of(tenant: TenantInfo) -> Billing:
    """How the tenant stands, as of the last event or refresh."""
    found = Subscription.objects.filter(tenant_id=tenant.id).first() or Subscription(tenant_id=tenant.id)
    return _billing(found, plan_of(tenant.plan, tenant.plan_version))


def _billing(found: Subscription, plan: Plan) -> Billing:
    return Billing(
        plan=plan,
        owed_for=found.bought,
        interval=_interval(found.interval),
        status=found.status,
        standing=found.standing,
        by_invoice=found.by_invoice,
        trial_ends=found.trial_end if found.status == "trialing" else None,
        renews_at=found.period_end if found.running and not found.cancel_at else None,
        ends_at=found.cancel_at if found.running else None,
        next_plan=plan_of(found.next_plan) if found.next_plan else None,
        next_interval=_interval(found.next_interval),
        next_at=found.next_at,
        past_due_since=found.past_due_since,
        suspends_at=found.suspends_at,
        ends_unpaid_at=found.ends_unpaid_at,
        trial_open=not found.had_trial,
        overage_on=found.overage_on and found.running,
        overage_ceiling_usd=found.overage_ceiling_usd,
        block_cents=found.block_cents or 100 * (plan.overage_usd or 0),
        extra_connections=extra_connections(found),
        credit_cents=found.credit_cents,
        customer=found.customer_id is not None,
        now=found.now,
        invoice=_open_invoice(found),
    )


def _open_invoice(found: Subscription) -> OpenInvoice | None:
    if not found.open_count or found.open_due is None:
        return None
    return OpenInvoice(
        found.open_count,
        found.due_count,
        found.due_cents,
        found.open_cents,
        found.open_number,
        found.open_due,
        found.open_by_mail,
    )


def usage(tenant: TenantInfo) -> list[Usage]:
    """The limits that are counted, and how much of them is used."""
    return usage_of(tenant, timezone.now().date())


def reasons_against(tenant: TenantInfo, plan: Plan) -> tuple[str, ...]:
    """Why the workspace, as it is now, does not fit `plan`, and what would make it fit; empty where it does."""
    return tuple(misfit.sentence for misfit in misfits(tenant, plan))


def what_stays(tenant: TenantInfo, plan: Plan) -> tuple[str, ...]:
    """What the workspace has beyond `plan`, and keeps there."""
    return tuple(misfit.kept for misfit in misfits(tenant, plan))


def what_it_would_cost(tenant: TenantInfo, interval: Interval = "month") -> list[Cost]:
    """Last calendar month's usage under each plan as it is sold now, or a twelfth of its price by the year."""
    year, month = month_before(timezone.now())
    peak, rooms = peak_of(tenant.id, year, month), rooms_of(tenant)
    return [_cost(plan, interval, peak, rooms) for plan in PLANS.values()]


def _cost(plan: Plan, interval: Interval, peak: int, rooms: int) -> Cost:
    base = plan.cents("month") if interval == "month" else round(plan.cents("year") / 12)
    blocks = plan.blocks(peak)
    most_rooms = plan.limits.max_rooms
    reason = ""
    if most_rooms is not None and rooms > most_rooms:
        reason = f"{rooms:,} rooms; {plan.name} allows {most_rooms:,}."
    elif blocks and plan.overage_usd is None:
        reason = f"{peak:,} connections at once; {plan.name} allows {plan.limits.max_connections:,}."
    overage = 100 * (plan.overage_usd or 0) * blocks
    return Cost(plan, base, blocks, overage, not reason, reason)


def _interval(word: str) -> Interval | None:
    return "month" if word == "month" else "year" if word == "year" else None
