"""What paid and unpaid invoices do to a subscription and to its customer."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account

# What the account does about payments that fail; `/_control/settings` changes it.
DUNNING: Final[Json] = {"retry_days": [3, 5, 7], "after_retries": "cancel"}


def dunning(account: Account) -> Json:
    return DUNNING | account.storage.setting("dunning", {})


def subscription_of(account: Account, invoice: Json) -> Json | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return account.storage.find(details["subscription"]) if details else None


def move(account: Account, subscription: Json, status: str) -> None:
    """Gives a subscription another status, with its event."""
    from stripe_stand_in.billing import planning

    if subscription["status"] != status:
        subscription["status"] = status
        planning.keep(account, subscription, "customer.subscription.updated")


def after_payment(account: Account, invoice: Json) -> None:
    """A paid (voided, written off) invoice gives back what its failure took."""
    from stripe_stand_in.billing import pending

    customer = account.get("customer", invoice["customer"])
    owing = [
        one
        for one in account.storage.all("invoice", customer["id"])
        if one["status"] == "open" and one["attempt_count"] > 0
    ]
    customer["delinquent"] = bool(owing)
    account.save(customer, "customer.updated")
    subscription = subscription_of(account, invoice)
    if subscription is None:
        return
    if (held := subscription["pending_update"]) and held.get("_invoice") == invoice["id"]:
        pending.apply(account, subscription, invoice["status"] == "paid")
        return
    restores = subscription["latest_invoice"] == invoice["id"] or not [
        one for one in owing if subscription_of(account, one) == subscription
    ]
    if restores and subscription["status"] in ("incomplete", "past_due", "unpaid"):
        move(account, subscription, "active")


def after_failure(account: Account, invoice: Json) -> None:
    """A failed or overdue invoice: past due. A first one leaves the subscription incomplete."""
    customer = account.get("customer", invoice["customer"])
    customer["delinquent"] = True
    account.save(customer, "customer.updated")
    subscription = subscription_of(account, invoice)
    if subscription is None or subscription["pending_update"]:
        return
    if subscription["status"] in ("active", "trialing"):
        move(account, subscription, "past_due")


def after_last_retry(account: Account, invoice: Json) -> None:
    """No attempt is left: the account's own rule decides."""
    from stripe_stand_in.billing import ending

    subscription = subscription_of(account, invoice)
    if subscription is None or subscription["status"] not in ("past_due", "active"):
        return
    rule = dunning(account)["after_retries"]
    if rule == "cancel":
        ending.cancel(account, subscription, reason="payment_failed")
    elif rule == "unpaid":
        move(account, subscription, "unpaid")
