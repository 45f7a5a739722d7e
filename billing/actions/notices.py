"""Telling a tenant's owners something by mail, once. The mail leaves exactly if the change it tells of is committed."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from billing.gateway.paperwork import Invoice
from billing.models import Notice, Subscription
from billing.models.subscription import GRACE
from billing.usage import ROOMS, Usage
from tenants.context import run_in_tenant
from tenants.models import Tenant
from webhooks.actions import emit

TRIAL_ENDING: Final = "trial_ending"
TRIAL_ENDING_BY_INVOICE: Final = "trial_ending_by_invoice"
# Days of the grace on which owners are reminded, and how each mail is called.
FAILED: Final = "payment_failed"
REMINDERS: Final = ((0, FAILED), (3, "payment_reminder"), (6, "payment_last_call"))
SUSPENDED: Final = "suspended"
# The first of them where no card failed: an invoice by mail was not paid.
OVERDUE: Final = "invoice_overdue"
# Stripe has given up, and ended the plan.
ENDED: Final = "plan_ended"
# More rooms than the plan has, since it became a smaller one.
OVER: Final = "rooms_over"
# Percent of a limit at which owners are told.
MARKS: Final = (80, 100)


def notify(tenant_id: int, kind: str, about: str, **facts: Any) -> bool:
    """Queue the mail `kind` unless it has gone out `about` the same thing; whether it was queued."""
    from billing.tasks import mail_notice

    _, made = Notice.objects.get_or_create(tenant_id=tenant_id, kind=kind, about=about[:80])
    if made:
        mail_notice.defer(tenant_id=tenant_id, kind=kind, facts=facts)
    return made


def tell_of_debt(bought: Subscription, now: datetime) -> None:
    """The reminder that is due by now; earlier ones that were missed are not sent late."""
    since = bought.past_due_since
    if since is None or bought.open_due is None:  # nothing that could be paid
        return
    facts = _debt_in_facts(bought, bought.open_due)
    if bought.status == "canceled":
        facts["over"] = True
    elif bought.ends_unpaid_at and bought.ends_unpaid_at > now:
        facts["ends"] = bought.ends_unpaid_at.isoformat()
    if bought.standing == Subscription.Standing.SUSPENDED:
        notify(bought.tenant_id, SUSPENDED, since.isoformat(), **facts)
        return
    ends = (since + GRACE).isoformat()
    due = [kind for days, kind in REMINDERS if (now - since).days >= days]
    if due == [FAILED] and bought.open_by_mail:
        due = [OVERDUE]
    if due:
        notify(bought.tenant_id, due[-1], since.isoformat(), **facts, until=ends)


def tell_of_end(bought: Subscription) -> None:
    """The plan has ended for want of payment: what is paid from now on opens Free."""
    if bought.open_due is not None:
        notify(bought.tenant_id, ENDED, bought.subscription_id, **_debt_in_facts(bought, bought.open_due))


def _debt_in_facts(bought: Subscription, due: datetime) -> dict[str, Any]:
    return {
        "plan": bought.bought.name,
        "number": bought.open_number,
        "cents": bought.open_cents,
        "due": due.isoformat(),
    }


def tell_of_trial_end(bought: Subscription) -> None:
    """The trial is nearly over: what will be charged, and when."""
    if bought.trial_end is None or bought.cancel_at is not None:
        return
    at, interval = bought.trial_end.isoformat(), bought.interval
    cents = bought.bought.cents("year" if interval == "year" else "month")
    kind = TRIAL_ENDING_BY_INVOICE if bought.by_invoice else TRIAL_ENDING
    notify(bought.tenant_id, kind, at, plan=bought.bought.name, until=at, cents=cents)


def tell_of_a_second(bought: Subscription, second: str, plan: str) -> None:
    """A plan was bought twice: `plan` stays, and nothing is charged for the other."""
    notify(bought.tenant_id, "bought_twice", second, plan=plan)


def tell_of_receipt(bought: Subscription, invoice: Invoice) -> None:
    """The receipt for a paid invoice; none for one over nothing, such as a trial's."""
    if invoice.paid_cents > 0:
        notify(
            bought.tenant_id,
            "receipt",
            invoice.id,
            number=invoice.number,
            cents=invoice.paid_cents,
            currency=invoice.currency,
            created=invoice.created.isoformat(),
        )


def tell_of_limits(tenant_id: int, usages: list[Usage], period: str) -> None:
    """The highest mark that a limit has reached, once a period each; after the mail at 100 % the one at 80 % would be
    late, and is not sent."""
    for usage in usages:
        if not usage.most:
            continue
        facts = {"used": usage.used, "most": usage.most}
        reached = [f"{usage.key}_{mark}" for mark in MARKS if usage.percent >= mark]
        if usage.key == ROOMS and usage.used > usage.most:
            reached.append(OVER)
            facts["surplus"] = usage.used - usage.most + 1  # so that there is room for one
        for passed in reached[:-1]:
            Notice.objects.get_or_create(tenant_id=tenant_id, kind=passed, about=period)
        with transaction.atomic():
            news = bool(reached) and notify(tenant_id, reached[-1], period, **facts)
            if news and usage.percent >= MARKS[-1]:
                data = {"limit": usage.key, "used": usage.used, "most": usage.most}
                tell_webhooks(tenant_id, "limit.reached", data)


def tell_webhooks(tenant_id: int, type_: str, data: dict[str, Any]) -> None:
    """Owe an event to the tenant's own servers."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None:
        run_in_tenant(tenant, emit, type_, data)
