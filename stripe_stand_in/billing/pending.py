"""Pending updates: a change that waits for its payment."""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work
from stripe_stand_in.billing import ending, planning
from stripe_stand_in.errors import ApiError

PENDING_FOR: Final = 23 * clock.HOUR
_HELD: Final = ("items", "billing_cycle_anchor", "trial_end", "trial_start", "status")


def now_of(subscription: Json) -> Json:
    """What a pending update holds back, as it is now."""
    return {name: deepcopy(subscription[name]) for name in _HELD}


def hold_back(account: Account, subscription: Json, before: Json, invoice: Json) -> None:
    """The change waits for its payment: the subscription is as before, with a pending update."""
    after = now_of(subscription)
    subscription |= before
    expires = account.now(subscription["test_clock"]) + PENDING_FOR
    subscription["pending_update"] = {
        "billing_cycle_anchor": after["billing_cycle_anchor"],
        "discount": None,
        "discounts": None,
        "expires_at": expires,
        "metadata": None,
        "subscription_items": after["items"]["data"],
        "trial_end": after["trial_end"],
        "trial_from_plan": None,
        "_after": after,
        "_invoice": invoice["id"],
    }
    timeline = subscription["test_clock"]
    account.agenda.put(subscription["id"], Work.PENDING_UPDATE_EXPIRE, expires, timeline)


def apply(account: Account, subscription: Json, paid: bool) -> None:
    """The payment came, or never will."""
    account.agenda.drop(subscription["id"], Work.PENDING_UPDATE_EXPIRE)
    held = subscription["pending_update"]
    subscription["pending_update"] = None
    if paid:
        subscription |= held["_after"]
    name = "applied" if paid else "expired"
    planning.keep(account, subscription, "customer.subscription.updated")
    account.emit(f"customer.subscription.pending_update_{name}", subscription)


def expire(account: Account, subscription: Json) -> None:
    held = subscription["pending_update"]
    if held is None:
        raise ApiError("There is no pending update.")
    ending.void(account, account.get("invoice", held["_invoice"]))
    apply(account, subscription, paid=False)
