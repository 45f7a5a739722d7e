"""The beginning of a subscription."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.billing import collecting, invoicing, planning
from stripe_stand_in.errors import ApiError, invalid, missing_parameter
from stripe_stand_in.objects import invoice_line, payment_method, subscription_item

TRIAL_AT_MOST: Final = 730 * clock.DAY
_NOTHING: Final = (
    "application",
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "billing_thresholds",
    "cancel_at",
    "canceled_at",
    "customer_account",
    "days_until_due",
    "default_payment_method",
    "default_source",
    "description",
    "ended_at",
    "latest_invoice",
    "next_pending_invoice_item_invoice",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "pending_setup_intent",
    "pending_update",
    "schedule",
    "status_details",
    "transfer_data",
    "trial_end",
    "trial_start",
)


def blank(account: Account, customer: Json, given: Json) -> Json:
    """A subscription without items, in no state yet."""
    subscription = account.new("subscription", "sub", customer["test_clock"])
    now = subscription["created"]
    return (
        subscription
        | dict.fromkeys(_NOTHING)
        | {
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": now,
            "billing_mode": _billing_mode(given),
            "billing_schedules": [],
            "cancel_at_period_end": False,
            "cancellation_details": {"comment": None, "feedback": None, "reason": None},
            "collection_method": given.get("collection_method", "charge_automatically"),
            "currency": customer["currency"] or "usd",
            "customer": customer["id"],
            "days_until_due": given.get("days_until_due"),
            "default_tax_rates": [],
            "description": given.get("description"),
            "discounts": [],
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": {"object": "list", "data": [], "has_more": False},
            "managed_payments": {"enabled": False},
            "metadata": {key: value for key, value in given.get("metadata", {}).items() if key and value},
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
            }
            | given.get("payment_settings", {}),
            "start_date": now,
            "status": "incomplete",
            "test_clock": customer["test_clock"],
            "trial_settings": given.get("trial_settings")
            or {"end_behavior": {"missing_payment_method": "create_invoice"}},
        }
    )


def _billing_mode(given: Json) -> Json:
    kind = given.get("billing_mode", {}).get("type", "flexible")
    return {"type": kind, "flexible": {"proration_discounts": "included"} if kind == "flexible" else None}


def start(account: Account, customer: Json, given: Json, *, present: bool = False) -> Json:
    """A subscription from the parameters of a call; its first invoice is made and, where it can be, paid.

    `present`: the person is there, as on a Checkout page, to confirm a payment.
    """
    if not given.get("items"):
        raise missing_parameter("items")
    subscription = blank(account, customer, given)
    items = [
        subscription_item.make(account, subscription, one, f"items[{number}]")
        for number, one in enumerate(given["items"])
    ]
    subscription["items"]["data"] = items
    subscription["items"]["url"] = f"/v1/subscription_items?subscription={subscription['id']}"
    _check(subscription, customer, given)
    subscription["currency"] = items[0]["price"]["currency"]
    subscription["default_payment_method"] = payment_method.owned(
        account, customer, given.get("default_payment_method"), "default_payment_method"
    )
    trial_end = _trial_end(subscription, given)
    drafts = _first_period(account, subscription, given, trial_end)
    behavior = given.get("payment_behavior", "allow_incomplete")
    _needs_method(account, subscription, drafts, behavior)
    if given.get("cancel_at_period_end"):
        subscription["cancel_at_period_end"] = True
        subscription["cancel_at"] = planning.last_end(subscription)
    if "cancel_at" in given:
        subscription["cancel_at"] = given["cancel_at"]
    return _first_invoice(account, subscription, drafts, behavior, present)


def _check(subscription: Json, customer: Json, given: Json) -> None:
    items = subscription["items"]["data"]
    if (
        len(
            {item["price"]["currency"] for item in items}
            | {customer["currency"] or items[0]["price"]["currency"]}
        )
        > 1
    ):
        raise invalid("items", "You cannot combine currencies on a single customer.")
    if len({item["price"]["id"] for item in items}) < len(items):
        raise invalid("items", "Cannot add multiple subscription items with the same plan.")
    rhythms = {
        tuple(item["price"]["recurring"][name] for name in ("interval", "interval_count")) for item in items
    }
    if len(rhythms) > 1 and subscription["billing_mode"]["type"] == "classic":
        raise invalid("items", "All prices on a subscription must have the same `recurring.interval`.")
    sends = subscription["collection_method"] == "send_invoice"
    if sends and subscription["days_until_due"] is None:
        message = "You must pass `days_until_due` when `collection_method` is set to `send_invoice`."
        raise invalid("days_until_due", message)
    if not sends and subscription["days_until_due"] is not None:
        raise invalid(
            "days_until_due", "`days_until_due` is only valid with `collection_method=send_invoice`."
        )
    if "trial_end" in given and "trial_period_days" in given:
        raise invalid("trial_period_days", "You may only specify one of trial_end and trial_period_days.")
    if sends and not customer["email"]:
        message = "Missing email. Invoices can be sent only to a customer with a valid email."
        raise ApiError(message, code="missing_email")


def _trial_end(subscription: Json, given: Json) -> int | None:
    now = subscription["created"]
    end: Any = given.get("trial_end")
    if end is None and "trial_period_days" in given:
        end = now + given["trial_period_days"] * clock.DAY
    if end in (None, "now"):
        return None
    if not now < end <= now + TRIAL_AT_MOST:
        message = (
            "Invalid timestamp: must be an integer Unix timestamp in the future, at most two years ahead."
        )
        raise invalid("trial_end", message)
    return int(end)


def _first_period(
    account: Account, subscription: Json, given: Json, trial_end: int | None
) -> list[invoice_line.Draft]:
    """Sets the periods of the items; what the first invoice holds."""
    now = subscription["created"]
    items = subscription["items"]["data"]
    if trial_end is not None:
        subscription |= {"trial_start": now, "trial_end": trial_end, "billing_cycle_anchor": trial_end}
        for item in items:
            item["current_period_start"], item["current_period_end"] = now, trial_end
        return [invoice_line.of_trial(account, item, (now, trial_end)) for item in items]
    anchor: Any = given.get("billing_cycle_anchor", now)
    if anchor < now:
        raise invalid("billing_cycle_anchor", "billing_cycle_anchor cannot be earlier than the present time.")
    longest = max(subscription_item.natural_end(item, now) for item in items)
    if anchor > longest:
        message = "billing_cycle_anchor cannot be later than next natural billing date."
        raise invalid("billing_cycle_anchor", f"{message} ({longest})")
    subscription["billing_cycle_anchor"] = anchor
    drafts = []
    for item in items:
        subscription_item.begin(item, anchor, now)
        if subscription_item.is_metered(item):
            continue
        recurring, end = item["price"]["recurring"], item["current_period_end"]
        whole = end - clock.later(end, recurring["interval"], -recurring["interval_count"])
        share = Decimal(end - now) / Decimal(whole) if anchor > now else Decimal(1)
        if share < 1 and given.get("proration_behavior") == "none":
            share = Decimal(0)
        drafts.append(invoice_line.of_item(account, item, (now, end), share))
    return drafts


def _needs_method(
    account: Account, subscription: Json, drafts: list[invoice_line.Draft], behavior: str
) -> None:
    """As Stripe: with nothing to charge, a call that means to charge at once is refused."""
    customer = account.get("customer", subscription["customer"])
    method = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    owes = sum(draft.amount for draft in drafts) + customer["balance"] > 0
    automatic = subscription["collection_method"] == "charge_automatically"
    if owes and automatic and method is None and behavior != "default_incomplete":
        raise ApiError(
            "This customer has no attached payment source or default payment method. Please consider adding a default"
            " payment method.",
            code="resource_missing",
        )


def _first_invoice(
    account: Account, subscription: Json, drafts: list[invoice_line.Draft], behavior: str, present: bool
) -> Json:
    sends = subscription["collection_method"] == "send_invoice"
    if subscription["trial_end"]:
        subscription["status"] = "trialing"
    elif sends or not drafts:
        subscription["status"] = "active"
    account.storage.put(subscription)
    # Where a person pays, the event tells of an incomplete subscription, and an update follows with the payment.
    told = present and subscription["status"] == "incomplete"
    if told:
        account.emit("customer.subscription.created", subscription)
    if drafts:
        invoice = invoicing.for_subscription(account, subscription, "subscription_create", drafts)
        account.storage.put(subscription)
        if sends and invoice["amount_due"]:
            invoicing.wait(account, invoice)
        elif behavior == "default_incomplete" and invoice["amount_due"]:
            invoicing.finalize(account, invoice)
        else:
            refused = collecting.advance(account, invoice, present=present)
            if refused is not None and behavior == "error_if_incomplete":
                refused.keeps_changes = False
                raise refused
    made = account.get("subscription", subscription["id"])
    planning.plan(account, made)
    if not told:
        account.emit("customer.subscription.created", made)
    return made
