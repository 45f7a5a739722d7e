"""What a customer owes, and has paid, whichever subscription it was for."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from billing.gateway.connection import plain_list, speaking

# A debt that Stripe has given up on is a debt: it ends by being paid, or by being voided.
_UNPAID: Final = ("open", "uncollectible")
# Within how many days an invoice by mail is due, unless the subscription says otherwise.
INVOICE_DAYS: Final = 30
# Subscriptions that were asked for, and never paid for.
NEVER_BEGUN: Final = ("incomplete", "incomplete_expired")


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


def unpaid_among(
    api: Any, customer_id: str, subscriptions: list[Any]
) -> tuple[tuple[Debt, ...], tuple[str, ...]]:
    """The unpaid invoices of these subscriptions, the one that fell due first at the head; and the ids of drafts that
    one which is over has left behind.

    The first invoice of a subscription that never began is none: nothing was given for it. Neither is a draft that
    nobody will send.
    """
    begun = {one["id"]: one for one in subscriptions if one["status"] not in NEVER_BEGUN}
    found = [
        one
        for status in ("draft", *_UNPAID)
        for one in plain_list(api.invoices.list({"customer": customer_id, "status": status, "limit": 100}))
        if one["amount_remaining"] > 0 and _subscription_of(one) in begun
    ]
    debts = [_debt(one, begun[_subscription_of(one)]) for one in found if _will_be_asked_for(one)]
    left = [one["id"] for one in found if _is_left_behind(one, begun[_subscription_of(one)])]
    return tuple(sorted(debts, key=lambda debt: debt.due)), tuple(left)


def _is_left_behind(one: Any, subscription: Any) -> bool:
    """Stripe sends no draft of a subscription that is over, though it may be for what was used before."""
    return one["status"] == "draft" and not one["auto_advance"] and subscription["status"] == "canceled"


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
        # One that is charged to the card again has forgotten its days; the draft goes out with those that it had.
        at += timedelta(days=subscription.get("days_until_due") or INVOICE_DAYS)
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
