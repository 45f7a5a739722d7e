"""What a customer owes, and has paid, whichever subscription it was for."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from billing.gateway.connection import plain_list, speaking

# A debt that Stripe has given up on is a debt: it ends by being paid, or by being voided.
_UNPAID: Final = ("open", "uncollectible")
_NEVER_BEGUN: Final = ("incomplete", "incomplete_expired")


class Debt(msgspec.Struct, frozen=True):
    """An unpaid invoice for a plan. It fell, or falls, `due`: at once for a card, at its date for one by mail. A
    `draft` is one by mail that Stripe is about to send: it has no `number` yet."""

    invoice_id: str
    subscription_id: str
    number: str
    cents: int
    due: datetime
    by_mail: bool
    draft: bool
    created: datetime


def debts_among(api: Any, customer_id: str, subscriptions: list[Any]) -> tuple[Debt, ...]:
    """The unpaid invoices of these subscriptions, the one that fell due first at the head. The first invoice of one
    that never began is none: nothing was given for it. Neither is a draft that nobody will send."""
    begun = {one["id"]: one for one in subscriptions if one["status"] not in _NEVER_BEGUN}
    found = [
        _debt(one, begun[_subscription_of(one)])
        for status in ("draft", *_UNPAID)
        for one in plain_list(api.invoices.list({"customer": customer_id, "status": status, "limit": 100}))
        if one["amount_remaining"] > 0 and _subscription_of(one) in begun and _will_be_asked_for(one)
    ]
    return tuple(sorted(found, key=lambda debt: debt.due))


def _will_be_asked_for(one: Any) -> bool:
    """A draft for a card is none: it is charged within the hour by itself."""
    sent = one["collection_method"] == "send_invoice" and one["auto_advance"]
    return one["status"] != "draft" or bool(sent)


def paid_cents(customer_id: str) -> int:
    """What was paid for plans so far, by card, by transfer or otherwise; what credit covered is not in it."""
    with speaking() as api:
        wanted = {"customer": customer_id, "status": "paid", "limit": 100}
        return sum(
            int(one["amount_due"]) for one in plain_list(api.invoices.list(wanted)) if _subscription_of(one)
        )


def _debt(one: Any, subscription: Any) -> Debt:
    draft, due = one["status"] == "draft", one.get("due_date")
    created = datetime.fromtimestamp(one["created"], UTC)
    at_once = one["status_transitions"]["finalized_at"]
    at = datetime.fromtimestamp(due or at_once, UTC) if due or at_once else created
    if draft and not due:
        at += timedelta(days=subscription.get("days_until_due") or 0)
    return Debt(
        invoice_id=one["id"],
        subscription_id=subscription["id"],
        number=one.get("number") or "",
        cents=one["amount_remaining"],
        due=at,
        by_mail=bool(due) or draft,
        draft=draft,
        created=created,
    )


def _subscription_of(one: Any) -> str:
    details = (one.get("parent") or {}).get("subscription_details") or {}
    return details.get("subscription") or ""
