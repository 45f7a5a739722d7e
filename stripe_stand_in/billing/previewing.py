"""What the next invoice would be: the change is made, looked at, and undone."""

from __future__ import annotations

from contextlib import suppress

from stripe_stand_in import Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.billing import changing, invoicing, planning, starting, turning
from stripe_stand_in.errors import ApiError
from stripe_stand_in.objects import invoice_line, subscription_item


class _Undo(Exception):
    """Ends a transaction of which nothing is to stay."""


def preview(account: Account, given: Json) -> Json:
    """The invoice that would come next, with a change that is not made."""
    found: list[Json] = []
    with suppress(_Undo), account.storage.transaction():
        found.append(_next(account, given))
        raise _Undo
    return _as_preview(found[0])


def _as_preview(invoice: Json) -> Json:
    invoice["id"] = ids.new("upcoming_in")
    invoice |= {"number": None, "hosted_invoice_url": None, "invoice_pdf": None, "status": "draft"}
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    for line in invoice["lines"]["data"]:
        line["invoice"] = invoice["id"]
        line["id"] = line["id"].replace("il_", "il_tmp_")
    invoice["status_transitions"] = dict.fromkeys(invoice["status_transitions"])
    return invoice


def _next(account: Account, given: Json) -> Json:
    details = given.get("subscription_details", {})
    subscription = _subscription(account, given)
    if subscription is None:
        return _first(account, given, details)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise ApiError(
            "No upcoming invoices for subscription: " + subscription["id"], code="invoice_upcoming_none"
        )
    recurring = given.get("preview_mode") == "recurring"
    changes = {name: details[name] for name in details if not name.startswith("cancel")}
    if changes.keys() & {"items", "trial_end", "billing_cycle_anchor"}:
        invoice = changing.prepare(
            account, subscription, changes | ({"proration_behavior": "none"} if recurring else {})
        )
        if invoice is not None and not recurring:
            return _settled(account, invoice)
    return upcoming(account, subscription, details, recurring)


def _subscription(account: Account, given: Json) -> Json | None:
    """The one that is named, else the customer's only one."""
    if given.get("subscription"):
        return account.get("subscription", given["subscription"], "subscription")
    if given.get("schedule"):
        schedule = account.get("subscription_schedule", given["schedule"], "schedule")
        return account.get("subscription", schedule["subscription"] or "", "schedule")
    if "items" in given.get("subscription_details", {}):
        return None
    customer = account.get("customer", given["customer"], "customer")
    live = [
        one for one in account.storage.all("subscription", customer["id"]) if one["status"] in planning.LIVE
    ]
    if not live:
        raise ApiError(f"No upcoming invoices for customer: {customer['id']}", code="invoice_upcoming_none")
    return min(live, key=lambda one: planning.period_of(one)[1])


def _first(account: Account, given: Json, details: Json) -> Json:
    """Of a subscription that would be new."""
    customer = account.get("customer", given["customer"], "customer")
    wanted = {name: details[name] for name in ("items", "trial_end") if name in details}
    started = starting.start(account, customer, wanted | {"payment_behavior": "default_incomplete"})
    invoice = account.get("invoice", started["latest_invoice"])
    invoice["amount_remaining"] = invoice["amount_due"]
    return invoice


def upcoming(
    account: Account, subscription: Json, details: Json | None = None, recurring: bool = False
) -> Json:
    """The invoice at the end of the period; with a schedule, what its next phase asks for. Nothing is kept."""
    from stripe_stand_in.billing import phasing

    details = details or {}
    ends = details.get("cancel_now") or _ends(subscription, details)
    start, end = planning.period_of(subscription)
    items = subscription["items"]["data"]
    due = [item for item in items if item["current_period_end"] == end]
    customer = subscription["customer"]
    drafts = [
        invoice_line.of_usage(account, item, customer, (subscription_item.counted_since(item), end))
        for item in due
        if subscription_item.is_metered(item) and subscription["status"] != "trialing"
    ]
    if not ends:
        phasing.look_ahead(account, subscription, end)
        due = [item for item in subscription["items"]["data"] if item["current_period_end"] <= end]
        drafts += turning.roll(account, subscription, due, end)
    invoice = invoicing.blank(account, account.get("customer", customer), subscription, "upcoming")
    invoice |= {"period_start": start, "period_end": end, "created": end, "next_payment_attempt": end + 3600}
    invoicing.add_lines(invoice, drafts)
    if not recurring:
        invoicing.take_pending(account, invoice, subscription["id"])
    if ends and not invoice["lines"]["data"]:
        message = f"No upcoming invoices for customer: {customer}"
        raise ApiError(message, status=404, code="invoice_upcoming_none")
    return _settled(account, invoice)


def _ends(subscription: Json, details: Json) -> bool:
    """Whether it is cancelled, or would be."""
    asked = details.get("cancel_at_period_end", details.get("cancel_at", subscription["cancel_at"]))
    return bool(asked)


def _settled(account: Account, invoice: Json) -> Json:
    """With the customer's balance used up."""
    invoicing.use_balance(invoice, account.get("customer", invoice["customer"]))
    return invoice


def tell_upcoming(account: Account, subscription: Json) -> None:
    """The notice some days before a renewal: an invoice without an id."""
    found: list[Json] = []
    with suppress(_Undo, ApiError), account.storage.transaction():
        found.append(upcoming(account, subscription))
        raise _Undo
    if found:
        invoice = _as_preview(found[0])
        account.emit("invoice.upcoming", invoice)
