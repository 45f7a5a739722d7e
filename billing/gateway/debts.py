"""What a customer owes, and has paid, whichever subscription it was for."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from billing.gateway.connection import plain_list, speaking

# A debt that Stripe has given up on is a debt: it ends by being paid, or by being voided.
_UNPAID: Final = ("open", "uncollectible")
# Within how many days an invoice by mail is due, unless the subscription says otherwise.
INVOICE_DAYS: Final = 30
# For how long an invoice is a draft: an hour, and up to three days where Stripe's webhooks are not answered.
_LONGEST_DRAFT: Final = timedelta(days=3)
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


class Drawn(msgspec.Struct, frozen=True):
    """An invoice that Stripe has drawn up, and is about to charge or to send. Credit is not taken off `cents` yet."""

    cents: int
    by_mail: bool


def unpaid_among(
    api: Any, customer_id: str, subscriptions: list[Any]
) -> tuple[tuple[Debt, ...], tuple[str, ...]]:
    """The unpaid invoices of these subscriptions, the one that fell due first at the head; and the ids of drafts that
    one which is over has left behind, be it for what is owed or for what is to be credited.

    The first invoice of a subscription that never began is none: nothing was given for it. Neither is a draft that
    nobody will send.
    """
    begun = {one["id"]: one for one in subscriptions if one["status"] not in NEVER_BEGUN}
    found = [
        one
        for status in ("draft", *_UNPAID)
        for one in plain_list(api.invoices.list({"customer": customer_id, "status": status, "limit": 100}))
        if _subscription_of(one) in begun
    ]
    debts = [
        _debt(one, begun[_subscription_of(one)])
        for one in found
        if one["amount_remaining"] > 0 and _will_be_asked_for(one)
    ]
    left = [one["id"] for one in found if one["total"] and _is_left_behind(one, begun[_subscription_of(one)])]
    return tuple(sorted(debts, key=lambda debt: debt.due)), tuple(left)


def drawn_up(subscription_id: str, now: datetime) -> tuple[Drawn, ...]:
    """The drafts of this subscription, but for those that were never to be sent."""
    wanted = {"subscription": subscription_id, "status": "draft", "limit": 100}
    with speaking() as api:
        return tuple(
            Drawn(one["total"], one["collection_method"] == "send_invoice")
            for one in plain_list(api.invoices.list(wanted))
            if one["total"] > 0 and _is_of_late(one, now.timestamp())
        )


def _is_left_behind(one: Any, subscription: Any) -> bool:
    """Stripe sends no draft of a subscription that is over, though it may be for what was used before. One that was
    never to be sent, for a time in which Stripe did not collect any more, is older."""
    if one["status"] != "draft" or one["auto_advance"] or subscription["status"] != "canceled":
        return False
    return _is_of_late(one, subscription["ended_at"])


def _is_of_late(draft: Any, now: float) -> bool:
    return bool(now - draft["created"] <= _LONGEST_DRAFT.total_seconds())


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
