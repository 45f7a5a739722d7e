"""The end of a subscription."""

from __future__ import annotations

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import collecting, invoicing, planning
from stripe_stand_in.objects import invoice_line, subscription_item


def cancel(
    account: Account,
    subscription: Json,
    *,
    reason: str = "cancellation_requested",
    invoice_now: bool = False,
    prorate: bool = False,
) -> Json:
    """Ends it now. Usage not yet billed is, when `invoice_now`; unused time is given back as credit, when `prorate`."""
    now = account.now(subscription["test_clock"])
    trialed = subscription["status"] == "trialing"
    subscription["ended_at"] = now
    subscription["canceled_at"] = subscription["canceled_at"] or now
    subscription["status"] = "canceled"
    if subscription["cancellation_details"]["reason"] is None:
        subscription["cancellation_details"]["reason"] = reason
    _release_schedule(account, subscription, now)
    drafts = []
    for item in subscription["items"]["data"]:
        begun, end = item["current_period_start"], item["current_period_end"]
        if subscription_item.is_metered(item):
            if invoice_now:
                since = subscription_item.counted_since(item)
                drafts.append(invoice_line.of_usage(account, item, subscription["customer"], (since, now)))
        elif prorate and not trialed and now < end:
            drafts.append(invoice_line.of_proration(account, item, True, now, end, begun))
    if drafts:
        invoice = invoicing.for_subscription(account, subscription, "subscription_cycle", drafts)
        account.storage.put(subscription)
        collecting.advance(account, invoice)
    planning.keep(account, subscription)
    _stop_collecting(account, subscription)
    account.emit("customer.subscription.deleted", subscription)
    return subscription


def at_date(account: Account, subscription: Json) -> None:
    """The date at which it was to be cancelled has come: usage of the last period is still billed."""
    metered = any(subscription_item.is_metered(item) for item in subscription["items"]["data"])
    cancel(account, subscription, invoice_now=metered)


def expire(account: Account, subscription: Json) -> None:
    """The first invoice was not paid within 23 hours."""
    if subscription["status"] != "incomplete":
        return
    subscription["status"] = "incomplete_expired"
    subscription["ended_at"] = account.now(subscription["test_clock"])
    planning.keep(account, subscription, "customer.subscription.updated")
    if subscription["latest_invoice"]:
        void(account, account.get("invoice", subscription["latest_invoice"]))


def void(account: Account, invoice: Json) -> Json:
    from stripe_stand_in.objects import payment_intent

    now = account.time_of(invoice)
    invoice |= {"status": "void", "amount_remaining": 0, "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["voided_at"] = now
    account.agenda.drop(invoice["id"])
    account.save(invoice)
    payment_intent.settle(account, invoice, "canceled", canceled_at=now)
    account.emit("invoice.voided", invoice)
    return invoice


def _stop_collecting(account: Account, subscription: Json) -> None:
    """Open invoices stay open, but nothing asks for their money by itself any more."""
    for invoice in account.storage.all("invoice", subscription["customer"]):
        details = (invoice["parent"] or {}).get("subscription_details") or {}
        if details.get("subscription") != subscription["id"] or invoice["status"] not in ("open", "draft"):
            continue
        account.agenda.drop(invoice["id"])
        invoice |= {"auto_advance": False, "next_payment_attempt": None, "automatically_finalizes_at": None}
        account.save(invoice, "invoice.updated")


def _release_schedule(account: Account, subscription: Json, now: int) -> None:
    schedule = account.storage.find(subscription["schedule"] or "")
    if schedule and schedule["status"] in ("active", "not_started"):
        account.agenda.drop(schedule["id"])
        schedule |= {"status": "canceled", "canceled_at": now, "current_phase": None}
        account.save(schedule, "subscription_schedule.canceled")
