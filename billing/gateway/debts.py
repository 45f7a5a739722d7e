"""What a customer owes, and has paid, whichever subscription it was for."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from billing.gateway.connection import plain_list, speaking

# A debt that Stripe has given up on is a debt: it ends by being paid, or by being voided.
_UNPAID: Final = ("open", "uncollectible")
_NEVER_BEGUN: Final = ("incomplete", "incomplete_expired")


class Debt(msgspec.Struct, frozen=True):
    """An unpaid invoice for a plan. It fell, or falls, `due`: at once for a card, at its date for one by mail."""

    subscription_id: str
    cents: int
    due: datetime
    by_mail: bool
    created: datetime
    page_url: str


def debts_among(api: Any, customer_id: str, subscriptions: list[Any]) -> tuple[Debt, ...]:
    """The unpaid invoices of these subscriptions, the one that fell due first at the head. The first invoice of one
    that never began is none: nothing was given for it."""
    begun = {one["id"] for one in subscriptions if one["status"] not in _NEVER_BEGUN}
    found = [
        _debt(one)
        for status in _UNPAID
        for one in plain_list(api.invoices.list({"customer": customer_id, "status": status, "limit": 100}))
        if one["amount_remaining"] > 0 and _subscription_of(one) in begun
    ]
    return tuple(sorted(found, key=lambda debt: debt.due))


def paid_cents(customer_id: str) -> int:
    """What was paid for plans so far, by card, by transfer or otherwise; what credit covered is not in it."""
    with speaking() as api:
        wanted = {"customer": customer_id, "status": "paid", "limit": 100}
        return sum(
            int(one["amount_due"]) for one in plain_list(api.invoices.list(wanted)) if _subscription_of(one)
        )


def _debt(one: Any) -> Debt:
    due = one.get("due_date")
    at_once = one["status_transitions"]["finalized_at"] or one["created"]
    return Debt(
        subscription_id=_subscription_of(one),
        cents=one["amount_remaining"],
        due=datetime.fromtimestamp(due or at_once, UTC),
        by_mail=bool(due),
        created=datetime.fromtimestamp(one["created"], UTC),
        page_url=one.get("hosted_invoice_url") or "",
    )


def _subscription_of(one: Any) -> str:
    details = (one.get("parent") or {}).get("subscription_details") or {}
    return details.get("subscription") or ""
