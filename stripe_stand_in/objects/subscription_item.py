"""Items of subscriptions: a price, how many of it, and the period that is paid."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, invalid, missing_parameter
from stripe_stand_in.lists import page
from stripe_stand_in.objects import plan, price
from stripe_stand_in.parameters import (
    Call,
    Reader,
    boolean,
    choice,
    integer,
    listing,
    metadata,
    natural,
    shape,
    text,
)
from stripe_stand_in.routing import Route

BEHAVIOR: Final = choice(
    "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
)
PRORATION: Final = choice("always_invoice", "create_prorations", "none")
# An item within the parameters of a subscription.
NEW: Final = shape(price=text, price_data=price.INLINE, quantity=natural, metadata=metadata)
CHANGED: Final = shape(
    id=text,
    price=text,
    price_data=price.INLINE,
    quantity=natural,
    metadata=metadata,
    deleted=boolean,
    clear_usage=boolean,
)


def price_of(account: Account, given: Json, name: str) -> Json:
    """The recurring, active price that is asked for by id or by data."""
    if "price_data" in given:
        found = price.make(account, given["price_data"])
    elif given.get("price"):
        found = account.get("price", given["price"], f"{name}[price]")
    else:
        raise missing_parameter(f"{name}[price]")
    if found["recurring"] is None:
        message = "This price has `type=one_time`, but only prices with `type=recurring` are accepted here."
        raise invalid(f"{name}[price]", message)
    if not found["active"]:
        raise invalid(
            f"{name}[price]",
            f"The price specified is inactive. This field only accepts active prices: {found['id']}",
        )
    return found


def make(account: Account, subscription: Json, given: Json, name: str) -> Json:
    """An item whose period is still to be set."""
    chosen = price_of(account, given, name)
    metered = chosen["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in given:
        raise invalid(f"{name}[quantity]", "You cannot set the quantity for metered plans.")
    item = account.new("subscription_item", "si", subscription["test_clock"], 14)
    del item["livemode"]
    item |= {
        "billed_until": None,
        "billing_thresholds": None,
        "current_period_end": 0,
        "current_period_start": 0,
        "discounts": [],
        "metadata": given.get("metadata", {}),
        "plan": plan.of(chosen),
        "price": chosen,
        "quantity": given.get("quantity", 1),
        "subscription": subscription["id"],
        "tax_rates": [],
    }
    if metered:
        del item["quantity"]
    return item


def is_metered(item: Json) -> bool:
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


def counted_since(item: Json) -> int:
    """From when on usage is the item's in this period: what was used before its price was is not."""
    return max(int(item["current_period_start"]), int(item.get("_counted_from", 0)))


def natural_end(item: Json, start: int) -> int:
    """When a period that begins at `start` would end."""
    recurring = item["price"]["recurring"]
    return clock.later(start, recurring["interval"], recurring["interval_count"])


def begin(item: Json, anchor: int, start: int) -> None:
    """Starts a period, the end of which the anchor says."""
    recurring = item["price"]["recurring"]
    item["current_period_start"] = start
    item["current_period_end"] = clock.period_end(
        anchor, start, recurring["interval"], recurring["interval_count"]
    )


def _owner(account: Account, id_: str, param: str = "id") -> tuple[Json, Json]:
    """The subscription that has the item, and the item."""
    for subscription in account.storage.all("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == id_:
                return subscription, item
    raise ApiError(f"Invalid subscription_item id: {id_}", status=404, code="resource_missing", param=param)


def _change(account: Account, subscription: Json, item: Json, call: Call) -> Json:
    from stripe_stand_in.billing import changing

    rest = ("proration_behavior", "proration_date", "payment_behavior")
    given = {name: call.params[name] for name in rest if name in call.params}
    return changing.change(account, subscription, given | {"items": [item]})


def _item_fields(call: Call) -> Json:
    return {name: call.params[name] for name in ("price", "quantity", "metadata") if name in call.params}


def create(account: Account, call: Call) -> Json:
    subscription = account.get("subscription", call.params["subscription"], "subscription")
    known = {item["id"] for item in subscription["items"]["data"]}
    changed = _change(account, subscription, _item_fields(call), call)
    return next(item for item in changed["items"]["data"] if item["id"] not in known)


def retrieve(account: Account, call: Call) -> Json:
    return _owner(account, call.id)[1]


def update(account: Account, call: Call) -> Json:
    subscription, item = _owner(account, call.id)
    _change(account, subscription, {"id": item["id"], **_item_fields(call)}, call)
    return _owner(account, call.id)[1]


def delete(account: Account, call: Call) -> Json:
    subscription, item = _owner(account, call.id)
    _change(account, subscription, {"id": item["id"], "deleted": True}, call)
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


def list_(account: Account, call: Call) -> Json:
    subscription = account.get("subscription", call.params["subscription"], "subscription")
    return page(call, list(subscription["items"]["data"]))


_CHANGE: Final[dict[str, Reader]] = {
    "metadata": metadata,
    "payment_behavior": BEHAVIOR,
    "price": text,
    "proration_behavior": PRORATION,
    "proration_date": integer,
    "quantity": natural,
}
ROUTES: Final = (
    Route(
        "POST",
        "/v1/subscription_items",
        create,
        shape("subscription", subscription=text, **_CHANGE),
        "SubscriptionItemCreateParams",
    ),
    Route("GET", "/v1/subscription_items/{}", retrieve),
    Route("POST", "/v1/subscription_items/{}", update, shape(**_CHANGE), "SubscriptionItemUpdateParams"),
    Route(
        "DELETE",
        "/v1/subscription_items/{}",
        delete,
        shape(proration_behavior=PRORATION, proration_date=integer, clear_usage=boolean),
        "SubscriptionItemDeleteParams",
    ),
    Route(
        "GET",
        "/v1/subscription_items",
        list_,
        listing("subscription", subscription=text),
        "SubscriptionItemListParams",
    ),
)
