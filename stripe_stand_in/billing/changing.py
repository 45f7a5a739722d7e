"""Changes of a running subscription: other items, another anchor, an earlier or later end of its trial."""

from __future__ import annotations

from copy import deepcopy

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import amounts, collecting, invoicing, pending, planning, starting, turning
from stripe_stand_in.errors import invalid
from stripe_stand_in.objects import invoice_item, invoice_line, plan, subscription_item


def change(account: Account, subscription: Json, given: Json, *, present: bool = False) -> Json:
    """Changes a subscription as the parameters of a call say, and collects what that costs now."""
    before = pending.now_of(subscription)
    invoice = prepare(account, subscription, given)
    behavior = given.get("payment_behavior", "allow_incomplete")
    if invoice is None or invoice["collection_method"] == "send_invoice":
        planning.keep(account, subscription, "customer.subscription.updated")
        if invoice is not None:
            invoicing.wait(account, invoice)
        return subscription
    if behavior == "pending_if_incomplete":
        pending.hold_back(account, subscription, before, invoice)
    planning.keep(account, subscription, "customer.subscription.updated")
    if behavior == "default_incomplete":
        final = invoicing.finalize(account, invoice)
        if final["amount_due"]:
            from stripe_stand_in.billing import standing

            standing.move(account, account.get("subscription", subscription["id"]), "past_due")
        else:
            collecting.settle(account, final)
    else:
        refused = collecting.advance(account, invoice, present=present)
        if refused is not None and behavior == "error_if_incomplete":
            refused.keeps_changes = False
            raise refused
    return account.get("subscription", subscription["id"])


def prepare(account: Account, subscription: Json, given: Json) -> Json | None:
    """Changes the subscription (in memory) and drafts the invoice for it, if it makes one at once."""
    now = account.now(subscription["test_clock"])
    behavior = given.get("proration_behavior", "create_prorations")
    at = _proration_date(subscription, given, now)
    old = subscription["items"]["data"]
    new = changed_items(account, subscription, given.get("items", []))
    subscription["items"]["data"] = new
    trial_end = given.get("trial_end")
    trialing = subscription["status"] == "trialing"
    if trial_end not in (None, "now"):
        _to_trial(account, subscription, old, int(trial_end), now, behavior)
        return None
    if trialing and trial_end != "now":
        for item in new:
            item["current_period_start"] = subscription["trial_start"]
            item["current_period_end"] = subscription["trial_end"]
        return None
    anew = trial_end == "now" and trialing
    anew = anew or given.get("billing_cycle_anchor", {}).get("type") == "now" or _starts_anew(old, new)
    if not trialing and behavior != "none":
        _prorate(account, subscription, old, [] if anew else new, at)
    if anew:
        return _anew(account, subscription, old, trialing)
    _count_anew(account, subscription, old, behavior)
    _align(subscription, new, now)
    if behavior == "always_invoice" and old != new:
        return invoicing.for_subscription(account, subscription, "subscription_update", [], (now, now))
    return None


def _anew(account: Account, subscription: Json, old: list[Json], trialing: bool) -> Json:
    now = account.now(subscription["test_clock"])
    used = (
        []
        if trialing
        else [
            invoice_line.of_usage(
                account, item, subscription["customer"], (subscription_item.counted_since(item), now)
            )
            for item in old
            if subscription_item.is_metered(item)
        ]
    )
    if trialing:
        subscription |= {"status": "active", "trial_end": now}
    drafts, _ = turning.begin_anew(account, subscription)
    return invoicing.for_subscription(account, subscription, "subscription_update", used + drafts, (now, now))


def _proration_date(subscription: Json, given: Json, now: int) -> int:
    at = int(given.get("proration_date", now))
    start, end = planning.period_of(subscription)
    if "proration_date" in given and not start <= at <= end:
        raise invalid(
            "proration_date", "Cannot specify proration_date outside of current subscription period."
        )
    return at


def changed_items(account: Account, subscription: Json, given: list[Json]) -> list[Json]:
    """The items after the change; those not named stay."""
    items: list[Json] = deepcopy(subscription["items"]["data"])
    for number, one in enumerate(given):
        name = f"items[{number}]"
        if not one.get("id"):
            items.append(subscription_item.make(account, subscription, one, name))
            continue
        item = next((held for held in items if held["id"] == one["id"]), None)
        if item is None:
            raise invalid(f"{name}[id]", f"No such subscription item: '{one['id']}'", "resource_missing")
        if one.get("deleted"):
            items.remove(item)
            continue
        if "price" in one or "price_data" in one:
            item["price"] = subscription_item.price_of(account, one, name)
            item["plan"] = plan.of(item["price"])
            if subscription_item.is_metered(item):
                item.pop("quantity", None)
            else:
                item.setdefault("quantity", 1)
        if "quantity" in one:
            if subscription_item.is_metered(item):
                raise invalid(f"{name}[quantity]", "You cannot set the quantity for metered plans.")
            item["quantity"] = one["quantity"]
        if "metadata" in one:
            item["metadata"] |= one["metadata"]
    if not items:
        raise invalid("items", "A subscription must have at least one active plan.")
    if len({item["price"]["id"] for item in items}) < len(items):
        raise invalid("items", "Cannot add multiple subscription items with the same plan.")
    return items


def _rhythm(item: Json) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _cost(items: list[Json]) -> int:
    return sum(
        amounts.of(item["price"], item["quantity"])
        for item in items
        if not subscription_item.is_metered(item)
    )


def _starts_anew(old: list[Json], new: list[Json]) -> bool:
    """Another interval, and a move between free and paid, begin a new period at once."""
    before = {item["id"]: _rhythm(item) for item in old}
    turned = any(before.get(item["id"], _rhythm(item)) != _rhythm(item) for item in new)
    return turned or (_cost(old) == 0) != (_cost(new) == 0)


def _prorate(account: Account, subscription: Json, old: list[Json], new: list[Json], at: int) -> None:
    """Leaves what is given back and charged for the rest of the period as invoice items."""
    after = {item["id"]: item for item in new}
    known = {item["id"] for item in old}
    template = next((item for item in old if not subscription_item.is_metered(item)), old[0])
    for item in old:
        kept = after.get(item["id"])
        same = kept is not None and _same(kept, item)
        if same or subscription_item.is_metered(item):
            continue
        start, end = item["current_period_start"], item["current_period_end"]
        invoice_item.pend(
            account, subscription, invoice_line.of_proration(account, item, True, at, end, start)
        )
        if kept is not None and not subscription_item.is_metered(kept):
            invoice_item.pend(
                account, subscription, invoice_line.of_proration(account, kept, False, at, end, start)
            )
    for item in new:
        if item["id"] not in known and not subscription_item.is_metered(item):
            start, end = template["current_period_start"], template["current_period_end"]
            invoice_item.pend(
                account, subscription, invoice_line.of_proration(account, item, False, at, end, start)
            )


def _count_anew(account: Account, subscription: Json, old: list[Json], behavior: str) -> None:
    """Usage has the price of its time: what was counted under a price that goes now is an invoice item, unless nothing
    is to be prorated, or in classic billing mode, where it is nobody's; one that comes now begins with nothing."""
    now = account.now(subscription["test_clock"])
    before = {item["id"]: item for item in old}
    after = {item["id"]: item for item in subscription["items"]["data"]}
    billed = behavior != "none" and subscription["billing_mode"]["type"] == "flexible"
    for id_, item in before.items():
        goes = id_ not in after or after[id_]["price"]["id"] != item["price"]["id"]
        if goes and billed and subscription_item.is_metered(item):
            period = (subscription_item.counted_since(item), now)
            draft = invoice_line.of_usage(account, item, subscription["customer"], period)
            if draft.quantity:
                invoice_item.pend(account, subscription, draft)
    for id_, item in after.items():
        comes = id_ not in before or before[id_]["price"]["id"] != item["price"]["id"]
        if comes and subscription_item.is_metered(item):
            item["_counted_from"] = now


def _same(one: Json, other: Json) -> bool:
    return bool(one["price"]["id"] == other["price"]["id"] and one.get("quantity") == other.get("quantity"))


def _align(subscription: Json, items: list[Json], now: int) -> None:
    """New items join the period of those with the same rhythm."""
    periods = {_rhythm(item): item for item in items if item["current_period_end"]}
    for item in items:
        if item["current_period_end"]:
            continue
        if like := periods.get(_rhythm(item)):
            for name in ("current_period_start", "current_period_end"):
                item[name] = like[name]
        else:
            subscription_item.begin(item, subscription["billing_cycle_anchor"], now)


def _to_trial(
    account: Account, subscription: Json, old: list[Json], end: int, now: int, behavior: str
) -> None:
    if not now < end <= now + starting.TRIAL_AT_MOST:
        message = (
            "Invalid timestamp: must be an integer Unix timestamp in the future, at most two years ahead."
        )
        raise invalid("trial_end", message)
    if subscription["status"] != "trialing":
        if behavior != "none":
            _prorate(account, subscription, old, [], now)
        subscription["trial_start"] = now
    subscription |= {"status": "trialing", "trial_end": end, "billing_cycle_anchor": end}
    for item in subscription["items"]["data"]:
        item["current_period_start"], item["current_period_end"] = subscription["trial_start"], end
