"""Storing a subscription, and entering in the agenda what its state makes due."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work

LIVE: Final = ("trialing", "active", "past_due", "unpaid")
TRIAL_NOTICE: Final = 3 * clock.DAY
RENEWAL_NOTICE: Final = 7 * clock.DAY
INCOMPLETE_FOR: Final = 23 * clock.HOUR


def keep(account: Account, subscription: Json, event: str | None = None) -> Json:
    """Stores a subscription with its agenda; the only way in which one is stored."""
    if subscription["cancel_at_period_end"] and subscription["status"] in LIVE:
        subscription["cancel_at"] = last_end(subscription)
    account.save(subscription, event)
    plan(account, subscription)
    return subscription


def period_of(subscription: Json) -> tuple[int, int]:
    """The period that ends first."""
    items = subscription["items"]["data"]
    first = min(items, key=lambda item: int(item["current_period_end"]))
    return first["current_period_start"], first["current_period_end"]


def last_end(subscription: Json) -> int:
    """The end of the period that ends last: until then everything is paid."""
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def plan(account: Account, subscription: Json) -> None:
    status, id_ = subscription["status"], subscription["id"]
    timeline = subscription["test_clock"]
    now = account.now(timeline)
    live = status in LIVE
    start, end = period_of(subscription)
    times: dict[Work, int | None] = dict.fromkeys(
        (
            Work.SUBSCRIPTION_PERIOD,
            Work.SUBSCRIPTION_CANCEL,
            Work.SUBSCRIPTION_EXPIRE,
            Work.TRIAL_WILL_END,
            Work.INVOICE_UPCOMING,
            Work.COLLECTION_RESUME,
        )
    )
    if live:
        times[Work.SUBSCRIPTION_PERIOD] = end
        times[Work.SUBSCRIPTION_CANCEL] = subscription["cancel_at"]
        notice = end - RENEWAL_NOTICE
        if notice > now and notice > start and not subscription["cancel_at"]:
            times[Work.INVOICE_UPCOMING] = notice
        if pause := subscription["pause_collection"]:
            times[Work.COLLECTION_RESUME] = pause["resumes_at"]
    if status == "trialing" and subscription.get("_told_of_end") != subscription["trial_end"]:
        times[Work.TRIAL_WILL_END] = max(now, subscription["trial_end"] - TRIAL_NOTICE)
    if status == "incomplete":
        times[Work.SUBSCRIPTION_EXPIRE] = subscription["created"] + INCOMPLETE_FOR
    for work, at in times.items():
        account.agenda.put(id_, work, at, timeline)


def tell_of_trial_end(account: Account, subscription: Json) -> None:
    subscription["_told_of_end"] = subscription["trial_end"]
    account.storage.put(subscription)
    account.emit("customer.subscription.trial_will_end", subscription)
