"""The turn of a period: a trial ends, a subscription renews."""

from __future__ import annotations

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import collecting, ending, invoicing, planning
from stripe_stand_in.objects import invoice_line, subscription_item
from stripe_stand_in.objects.invoice_line import Draft


def turn(account: Account, subscription: Json) -> None:
    """What is due at the end of a period; called at that very second of the subscription's timeline."""
    now = account.now(subscription["test_clock"])
    if subscription["status"] == "trialing" and not _leave_trial(account, subscription):
        return
    due = [item for item in subscription["items"]["data"] if item["current_period_end"] <= now]
    began = min(item["current_period_start"] for item in due)
    trial = subscription["trial_end"] == now
    used = [] if trial else _usage(account, subscription, due)
    ahead = roll(account, subscription, due, now)
    planning.keep(account, subscription, "customer.subscription.updated")
    invoice = invoicing.for_subscription(
        account, subscription, "subscription_cycle", used + ahead, (began, now)
    )
    account.storage.put(subscription)
    if subscription["status"] == "unpaid":
        invoice["auto_advance"] = False
        account.storage.put(invoice)
    else:
        invoicing.wait(account, invoice)


def roll(account: Account, subscription: Json, items: list[Json], start: int) -> list[Draft]:
    """Begins the next period of items; the lines for those that are paid in advance."""
    drafts = []
    for item in items:
        subscription_item.begin(item, subscription["billing_cycle_anchor"], start)
        if not subscription_item.is_metered(item):
            drafts.append(invoice_line.of_item(account, item, (start, item["current_period_end"])))
    return drafts


def _usage(account: Account, subscription: Json, items: list[Json]) -> list[Draft]:
    """At the price that the period had: a phase that begins with the next one may have brought another."""
    drafts = []
    for item in items:
        then = item | {"price": item.pop("_price_before", item["price"])}
        period = (subscription_item.counted_since(item), item["current_period_end"])
        if subscription_item.is_metered(then) and period[0] < period[1]:
            drafts.append(invoice_line.of_usage(account, then, subscription["customer"], period))
    return drafts


def count_again(account: Account, invoice: Json) -> None:
    """Usage that was reported while the invoice was a draft, for the period it bills, is still on it."""
    for line in invoice["lines"]["data"]:
        details = line["parent"]["subscription_item_details"] or {}
        price = account.storage.find((line["pricing"] or {}).get("price_details", {}).get("price", ""))
        metered = price and price["recurring"] and price["recurring"]["meter"]
        if not metered or details.get("proration") or "subscription_item" not in details:
            continue
        item = {"price": price, "subscription": line["subscription"], "id": details["subscription_item"]}
        period = (line["period"]["start"], line["period"]["end"])
        draft = invoice_line.of_usage(account, item, invoice["customer"], period)
        line |= {"amount": draft.amount, "subtotal": draft.amount, "quantity": draft.quantity}
        line |= {"description": draft.description, "quantity_decimal": str(draft.quantity)}
    invoicing.add_up(invoice)


def _leave_trial(account: Account, subscription: Json) -> bool:
    """Whether the subscription goes on after its trial."""
    customer = account.get("customer", subscription["customer"])
    method = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    automatic = subscription["collection_method"] == "charge_automatically"
    if method is None and automatic and missing == "cancel":
        ending.cancel(account, subscription)
        return False
    if method is None and automatic and missing == "pause":
        pause = {"subscription": {"type": "trial_end_without_payment_method"}, "type": "subscription"}
        paused = pause | {"transitioned_at": account.now(subscription["test_clock"])}
        subscription |= {"status": "paused", "status_details": {"paused": paused}}
        planning.keep(account, subscription, "customer.subscription.updated")
        account.emit("customer.subscription.paused", subscription)
        return False
    subscription["status"] = "active"
    return True


def begin_anew(account: Account, subscription: Json) -> tuple[list[Draft], int]:
    """Starts every item's period now, and the anchor with them; the lines for it."""
    now = account.now(subscription["test_clock"])
    subscription["billing_cycle_anchor"] = now
    return roll(account, subscription, subscription["items"]["data"], now), now


def finalize_waiting(account: Account, invoice: Json) -> None:
    """The hour of a draft is over."""
    if invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    count_again(account, invoice)
    account.storage.put(invoice)
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    subscription = account.storage.find(details.get("subscription", "")) or {}
    pause = subscription.get("pause_collection")
    if pause is None:
        collecting.advance(account, invoice)
    elif pause["behavior"] == "void":
        ending.void(account, invoicing.finalize(account, invoice))
    elif pause["behavior"] == "keep_as_draft":
        invoice |= {"auto_advance": False, "automatically_finalizes_at": None}
        account.save(invoice, "invoice.updated")
    else:
        collecting.write_off(account, invoicing.finalize(account, invoice))
