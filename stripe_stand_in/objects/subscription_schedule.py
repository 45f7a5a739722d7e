"""Subscription schedules: what a subscription is to become, and when."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import ending, phasing, planning
from stripe_stand_in.errors import ApiError, missing_parameter
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import schedule_phase
from stripe_stand_in.objects.subscription_item import PRORATION
from stripe_stand_in.parameters import (
    Call,
    boolean,
    choice,
    either,
    integer,
    listing,
    many,
    metadata,
    shape,
    text,
    time_filter,
    with_metadata,
)
from stripe_stand_in.routing import Route

_END: Final = choice("cancel", "release")
CREATE: Final = shape(
    customer=text,
    end_behavior=_END,
    from_subscription=text,
    metadata=metadata,
    phases=many(schedule_phase.NEW),
    start_date=either(("now",), integer),
)
UPDATE: Final = shape(
    end_behavior=_END, metadata=metadata, phases=many(schedule_phase.PHASE), proration_behavior=PRORATION
)


def blank(account: Account, customer: Json, subscription: Json | None) -> Json:
    schedule = account.new("subscription_schedule", "sub_sched", customer["test_clock"])
    nothing = dict.fromkeys(
        ("application_fee_percent", "default_payment_method", "description", "on_behalf_of")
    )
    source = subscription or {"collection_method": "charge_automatically"}
    return schedule | {
        "application": None,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "canceled_at": None,
        "completed_at": None,
        "current_phase": None,
        "customer": customer["id"],
        "customer_account": None,
        "default_settings": nothing
        | {
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": source["collection_method"],
            "invoice_settings": {"account_tax_ids": None, "days_until_due": None, "issuer": {"type": "self"}},
            "transfer_data": None,
        },
        "end_behavior": "release",
        "metadata": {},
        "phases": [],
        "released_at": None,
        "released_subscription": None,
        "status": "not_started",
        "subscription": subscription["id"] if subscription else None,
        "test_clock": customer["test_clock"],
        "_turned": schedule["created"],
    }


def from_subscription(account: Account, subscription: Json) -> Json:
    """A schedule whose only phase is what runs now, until the end of the period."""
    if subscription["schedule"]:
        raise ApiError(
            "You cannot migrate a subscription that is already attached to a schedule: "
            + subscription["schedule"],
            param="from_subscription",
        )
    if subscription["status"] not in planning.LIVE:
        raise ApiError("You cannot migrate a subscription that is not running.", param="from_subscription")
    schedule = blank(account, account.get("customer", subscription["customer"]), subscription)
    items = [
        {"price": item["price"]["id"]} | ({"quantity": item["quantity"]} if "quantity" in item else {})
        for item in subscription["items"]["data"]
    ]
    start, end = planning.period_of(subscription)
    trial = {"trial_end": subscription["trial_end"]} if subscription["status"] == "trialing" else {}
    schedule |= {"status": "active", "phases": [schedule_phase.make(account, start, end, items, trial)]}
    schedule["current_phase"] = {"start_date": start, "end_date": end}
    account.add(schedule, "subscription_schedule.created")
    subscription["schedule"] = schedule["id"]
    planning.keep(account, subscription, "customer.subscription.updated")
    return phasing.keep(account, schedule, None)


def create(account: Account, call: Call) -> Json:
    given = call.params
    if given.get("from_subscription"):
        if given.keys() & {"phases", "customer", "start_date", "end_behavior"}:
            message = "You cannot set other parameters with `from_subscription`: create it, then update it."
            raise ApiError(message, param="from_subscription")
        schedule = from_subscription(
            account, account.get("subscription", given["from_subscription"], "from_subscription")
        )
        with_metadata(schedule, given.get("metadata"))
        return account.save(schedule)
    if not given.get("customer"):
        raise missing_parameter("customer")
    if not given.get("phases"):
        raise missing_parameter("phases")
    customer = account.get("customer", given["customer"], "customer")
    schedule = blank(account, customer, None)
    now = schedule["created"]
    begin: int = now if given.get("start_date", "now") == "now" else given["start_date"]
    schedule["phases"] = schedule_phase.all_of(account, given["phases"], begin, now, [])
    schedule["end_behavior"] = given.get("end_behavior", "release")
    with_metadata(schedule, given.get("metadata"))
    schedule["_turned"] = begin - 1
    account.add(schedule, "subscription_schedule.created")
    phasing.keep(account, schedule, None)
    if begin <= now:
        phasing.turn(account, schedule)
    return account.get("subscription_schedule", schedule["id"])


def retrieve(account: Account, call: Call) -> Json:
    return account.get("subscription_schedule", call.id)


def _live(account: Account, call: Call, verb: str) -> Json:
    schedule = account.get("subscription_schedule", call.id)
    if schedule["status"] not in ("active", "not_started"):
        raise ApiError(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status."
        )
    return schedule


def update(account: Account, call: Call) -> Json:
    schedule = _live(account, call, "update")
    given = call.params
    if "phases" in given:
        now = account.now(schedule["test_clock"])
        begin = (schedule["current_phase"] or schedule["phases"][0])["start_date"]
        schedule["phases"] = schedule_phase.all_of(account, given["phases"], begin, now, schedule["phases"])
    schedule["end_behavior"] = given.get("end_behavior", schedule["end_behavior"])
    with_metadata(schedule, given.get("metadata"))
    phasing.keep(account, schedule)
    current = phasing.phase_at(schedule, account.now(schedule["test_clock"]))
    if "phases" in given and current and schedule["subscription"]:
        phasing.enter(account, account.get("subscription", schedule["subscription"]), current)
    return account.get("subscription_schedule", call.id)


def release(account: Account, call: Call) -> Json:
    return phasing.release(account, _live(account, call, "release"))


def cancel(account: Account, call: Call) -> Json:
    """Its subscription ends with it."""
    schedule = _live(account, call, "cancel")
    if schedule["subscription"]:
        subscription = account.get("subscription", schedule["subscription"])
        ending.cancel(
            account,
            subscription,
            invoice_now=call.get("invoice_now", True),
            prorate=call.get("prorate", True),
        )
        return account.get("subscription_schedule", call.id)
    schedule |= {"status": "canceled", "canceled_at": account.now(schedule["test_clock"])}
    phasing.keep(account, schedule, None)
    account.emit("subscription_schedule.canceled", schedule)
    return schedule


def list_(account: Account, call: Call) -> Json:
    found = account.storage.all("subscription_schedule", call.get("customer"))
    if call.get("scheduled"):
        found = [one for one in found if one["status"] == "not_started"]
    return page(call, matching(call, found, "created"))


ROUTES: Final = (
    Route("POST", "/v1/subscription_schedules", create, CREATE, "SubscriptionScheduleCreateParams"),
    Route("GET", "/v1/subscription_schedules/{}", retrieve),
    Route("POST", "/v1/subscription_schedules/{}", update, UPDATE, "SubscriptionScheduleUpdateParams"),
    Route(
        "POST",
        "/v1/subscription_schedules/{}/release",
        release,
        shape(preserve_cancel_date=boolean),
        "SubscriptionScheduleReleaseParams",
    ),
    Route(
        "POST",
        "/v1/subscription_schedules/{}/cancel",
        cancel,
        shape(invoice_now=boolean, prorate=boolean),
        "SubscriptionScheduleCancelParams",
    ),
    Route(
        "GET",
        "/v1/subscription_schedules",
        list_,
        listing(customer=text, scheduled=boolean, created=time_filter),
        "SubscriptionScheduleListParams",
    ),
)
