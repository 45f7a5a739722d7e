"""Subscriptions."""

from __future__ import annotations

from typing import Any, Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import changing, collecting, ending, planning, starting, turning
from stripe_stand_in.errors import ApiError, invalid
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import payment_method
from stripe_stand_in.objects.subscription_item import BEHAVIOR, CHANGED, NEW, PRORATION
from stripe_stand_in.parameters import (
    Call,
    Reader,
    boolean,
    choice,
    count,
    either,
    integer,
    listing,
    many,
    metadata,
    natural,
    shape,
    text,
    time_filter,
    unset_or,
    with_metadata,
)
from stripe_stand_in.routing import Route

_METHOD: Final = choice("charge_automatically", "send_invoice")
TRIAL_SETTINGS: Final = shape(
    "end_behavior",
    end_behavior=shape(
        "missing_payment_method", missing_payment_method=choice("cancel", "create_invoice", "pause")
    ),
)
_DETAILS: Final = shape(
    comment=text,
    feedback=unset_or(
        choice(
            "customer_service",
            "low_quality",
            "missing_features",
            "other",
            "switched_service",
            "too_complex",
            "too_expensive",
            "unused",
        )
    ),
)
_BOTH: Final[dict[str, Reader]] = {
    "automatic_tax": shape("enabled", enabled=boolean),
    "cancel_at": unset_or(either(("min_period_end", "max_period_end"), integer)),
    "cancel_at_period_end": boolean,
    "collection_method": _METHOD,
    "days_until_due": natural,
    "default_payment_method": text,
    "description": text,
    "metadata": metadata,
    "off_session": boolean,
    "payment_behavior": BEHAVIOR,
    "payment_settings": shape(
        payment_method_types=unset_or(many(text)),
        save_default_payment_method=choice("off", "on_subscription"),
    ),
    "proration_behavior": PRORATION,
    "trial_end": either(("now",), integer),
    "trial_settings": TRIAL_SETTINGS,
}
CREATE: Final = shape(
    "customer",
    billing_cycle_anchor=integer,
    billing_mode=shape("type", type=choice("classic", "flexible")),
    currency=text,
    customer=text,
    items=many(NEW),
    trial_period_days=count,
    **_BOTH,
)
UPDATE: Final = shape(
    billing_cycle_anchor=shape("type", type=choice("now", "unchanged")),
    cancellation_details=_DETAILS,
    items=many(CHANGED),
    pause_collection=unset_or(
        shape("behavior", behavior=choice("keep_as_draft", "mark_uncollectible", "void"), resumes_at=integer)
    ),
    proration_date=integer,
    **_BOTH,
)
_OVER: Final = ("canceled", "incomplete_expired")


def create(account: Account, call: Call) -> Json:
    customer = account.get("customer", call.params["customer"], "customer")
    return starting.start(account, customer, call.params, present=call.get("off_session") is False)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("subscription", call.id)


def update(account: Account, call: Call) -> Json:
    subscription = account.get("subscription", call.id)
    given = call.params
    if subscription["status"] in _OVER and not given.keys() <= {"metadata", "cancellation_details"}:
        raise ApiError("A canceled subscription can only update its cancellation_details and metadata.")
    if subscription["schedule"] and given.keys() & {"cancel_at", "cancel_at_period_end"}:
        raise ApiError(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any"
            " cancelation behavior directly is not allowed. Please update the schedule instead."
        )
    fill(account, subscription, given)
    if given.keys() & {"items", "trial_end", "billing_cycle_anchor"}:
        if subscription["pending_update"]:
            raise ApiError("This subscription has a pending update; pay or void its invoice first.")
        return changing.change(account, subscription, given)
    return planning.keep(account, subscription, "customer.subscription.updated")


def fill(account: Account, subscription: Json, given: Json) -> None:
    """Sets what needs no invoice."""
    for name in ("collection_method", "days_until_due", "description", "trial_settings", "pause_collection"):
        if name in given:
            subscription[name] = given[name]
    if subscription["collection_method"] == "charge_automatically":
        if given.get("days_until_due") is not None:
            raise invalid(
                "days_until_due", "`days_until_due` is only valid with `collection_method=send_invoice`."
            )
        subscription["days_until_due"] = None
    elif subscription["days_until_due"] is None:
        raise invalid(
            "days_until_due", "You must pass `days_until_due` with `collection_method=send_invoice`."
        )
    if pause := subscription["pause_collection"]:
        pause.setdefault("resumes_at", None)
    for name in ("payment_settings", "cancellation_details"):
        subscription[name] |= given.get(name, {})
    if "default_payment_method" in given:
        customer = account.get("customer", subscription["customer"])
        chosen = payment_method.owned(
            account, customer, given["default_payment_method"], "default_payment_method"
        )
        subscription["default_payment_method"] = chosen
    with_metadata(subscription, given.get("metadata"))
    _set_end(account, subscription, given)


def _set_end(account: Account, subscription: Json, given: Json) -> None:
    if "cancel_at_period_end" in given and given.get("cancel_at"):
        raise invalid("cancel_at", "You may only specify one of cancel_at and cancel_at_period_end.")
    at: Any = subscription["cancel_at"]
    if "cancel_at_period_end" in given:
        subscription["cancel_at_period_end"] = given["cancel_at_period_end"]
        at = planning.last_end(subscription) if given["cancel_at_period_end"] else None
    elif "cancel_at" in given:
        at = given["cancel_at"]
        subscription["cancel_at_period_end"] = False
        if at == "min_period_end":
            at = planning.period_of(subscription)[1]
        elif at == "max_period_end":
            at = planning.last_end(subscription)
    else:
        return
    now = account.now(subscription["test_clock"])
    if at is not None and at < now:
        raise invalid("cancel_at", "The subscription's cancel_at must be in the future.")
    asked = at is not None
    if asked != (subscription["cancel_at"] is not None):
        subscription["canceled_at"] = now if asked else None
        subscription["cancellation_details"]["reason"] = "cancellation_requested" if asked else None
    subscription["cancel_at"] = at


def cancel(account: Account, call: Call) -> Json:
    subscription = account.get("subscription", call.id)
    if subscription["status"] in _OVER:
        raise ApiError(f"No such subscription: '{call.id}'", status=404, code="resource_missing", param="id")
    subscription["cancellation_details"] |= call.get("cancellation_details", {})
    return ending.cancel(
        account, subscription, invoice_now=call.get("invoice_now", False), prorate=call.get("prorate", False)
    )


def resume(account: Account, call: Call) -> Json:
    """A paused subscription begins a new period now, and pays for it."""
    subscription = account.get("subscription", call.id)
    if subscription["status"] != "paused":
        raise ApiError("Only paused subscriptions can be resumed.")
    from stripe_stand_in.billing import invoicing

    subscription |= {"status": "active", "status_details": None}
    drafts, now = turning.begin_anew(account, subscription)
    invoice = invoicing.for_subscription(account, subscription, "subscription_update", drafts, (now, now))
    planning.keep(account, subscription, "customer.subscription.updated")
    account.emit("customer.subscription.resumed", subscription)
    collecting.advance(account, invoice)
    return account.get("subscription", subscription["id"])


def list_(account: Account, call: Call) -> Json:
    found = account.storage.all("subscription", call.get("customer"))
    status = call.get("status")
    if status is None:
        found = [one for one in found if one["status"] not in _OVER]
    elif status == "ended":
        found = [one for one in found if one["status"] in _OVER]
    elif status != "all":
        found = [one for one in found if one["status"] == status]
    if price := call.get("price"):
        found = [one for one in found if any(item["price"]["id"] == price for item in one["items"]["data"])]
    if "test_clock" in call.params or not call.get("customer"):
        # As Stripe: those that live by a test clock are in no list that asks for neither.
        found = [one for one in found if one["test_clock"] == call.get("test_clock")]
    return page(call, matching(call, found, "collection_method", "created"))


ROUTES: Final = (
    Route("POST", "/v1/subscriptions", create, CREATE, "SubscriptionCreateParams"),
    Route("GET", "/v1/subscriptions/{}", retrieve),
    Route("POST", "/v1/subscriptions/{}", update, UPDATE, "SubscriptionUpdateParams"),
    Route(
        "DELETE",
        "/v1/subscriptions/{}",
        cancel,
        shape(cancellation_details=_DETAILS, invoice_now=boolean, prorate=boolean),
        "SubscriptionCancelParams",
    ),
    Route(
        "POST",
        "/v1/subscriptions/{}/resume",
        resume,
        shape(billing_cycle_anchor=shape("type", type=choice("now")), proration_behavior=PRORATION),
        "SubscriptionResumeParams",
    ),
    Route(
        "GET",
        "/v1/subscriptions",
        list_,
        listing(
            customer=text,
            status=text,
            price=text,
            collection_method=_METHOD,
            created=time_filter,
            test_clock=text,
        ),
        "SubscriptionListParams",
    ),
)
