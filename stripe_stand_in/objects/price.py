"""Prices: one-time or recurring, licensed or metered, flat or in tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, invalid, missing_parameter
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import product
from stripe_stand_in.parameters import (
    Call,
    boolean,
    choice,
    count,
    decimal,
    either,
    listing,
    many,
    metadata,
    natural,
    shape,
    text,
    time_filter,
    with_metadata,
)
from stripe_stand_in.routing import Route

_INTERVAL: Final = choice("day", "week", "month", "year")
_TIER: Final = shape(
    "up_to",
    up_to=either(("inf",), natural),
    unit_amount=natural,
    unit_amount_decimal=decimal,
    flat_amount=natural,
    flat_amount_decimal=decimal,
)
_TAX: Final = choice("inclusive", "exclusive", "unspecified")
RECURRING: Final = shape(
    "interval",
    interval=_INTERVAL,
    interval_count=count,
    meter=text,
    usage_type=choice("licensed", "metered"),
    trial_period_days=count,
)
# What `price_data` of a subscription or a Checkout Session takes.
INLINE: Final = shape(
    "currency",
    "product",
    "recurring",
    currency=text,
    product=text,
    recurring=shape("interval", interval=_INTERVAL, interval_count=count),
    tax_behavior=_TAX,
    unit_amount=natural,
    unit_amount_decimal=decimal,
)
CREATE: Final = shape(
    "currency",
    active=boolean,
    billing_scheme=choice("per_unit", "tiered"),
    currency=text,
    lookup_key=text,
    metadata=metadata,
    nickname=text,
    product=text,
    product_data=shape(
        "name",
        name=text,
        id=text,
        active=boolean,
        metadata=metadata,
        statement_descriptor=text,
        unit_label=text,
    ),
    recurring=RECURRING,
    tax_behavior=_TAX,
    tiers=many(_TIER),
    tiers_mode=choice("graduated", "volume"),
    transfer_lookup_key=boolean,
    transform_quantity=shape("divide_by", "round", divide_by=count, round=choice("up", "down")),
    unit_amount=natural,
    unit_amount_decimal=decimal,
)
UPDATE: Final = shape(
    active=boolean,
    lookup_key=text,
    metadata=metadata,
    nickname=text,
    tax_behavior=_TAX,
    transfer_lookup_key=boolean,
)


def make(account: Account, given: Json) -> Json:
    """A new price; parameters as for `create`."""
    if "product_data" in given:
        owner = product.make(account, given["product_data"])["id"]
    elif given.get("product"):
        owner = account.get("product", given["product"], "product")["id"]
    else:
        raise missing_parameter("product")
    price = account.new("price", "price") | {
        "active": given.get("active", True),
        "billing_scheme": given.get("billing_scheme", "per_unit"),
        "currency": given["currency"].lower(),
        "custom_unit_amount": None,
        "lookup_key": None,
        "metadata": {},
        "nickname": given.get("nickname"),
        "product": owner,
        "recurring": _recurring(account, given["recurring"]) if "recurring" in given else None,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers_mode": given.get("tiers_mode"),
        "transform_quantity": given.get("transform_quantity"),
        "type": "recurring" if "recurring" in given else "one_time",
        **_amounts(given),
    }
    with_metadata(price, given.get("metadata"))
    _claim_lookup_key(account, price, given)
    return account.add(price, "price.created")


def _amounts(given: Json) -> Json:
    if given.get("billing_scheme") == "tiered":
        tiers = given.get("tiers") or []
        if not tiers or tiers[-1]["up_to"] != "inf":
            raise invalid("tiers", "The last tier must have up_to 'inf'.")
        if "tiers_mode" not in given:
            raise missing_parameter("tiers_mode")
        return {"unit_amount": None, "unit_amount_decimal": None, "_tiers": [_tier(one) for one in tiers]}
    if "unit_amount" in given:
        return {"unit_amount": given["unit_amount"], "unit_amount_decimal": str(given["unit_amount"])}
    if "unit_amount_decimal" not in given:
        raise ApiError("Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")
    exact = Decimal(given["unit_amount_decimal"])
    whole = int(exact) if exact == exact.to_integral_value() else None
    return {"unit_amount": whole, "unit_amount_decimal": given["unit_amount_decimal"]}


def _tier(given: Json) -> Json:
    def both(name: str) -> Json:
        exact = given.get(f"{name}_decimal", str(given[name]) if name in given else None)
        whole = given.get(name)
        if whole is None and exact is not None and Decimal(exact) == Decimal(exact).to_integral_value():
            whole = int(Decimal(exact))
        return {name: whole, f"{name}_decimal": exact}

    end = None if given["up_to"] == "inf" else given["up_to"]
    return {**both("flat_amount"), **both("unit_amount"), "up_to": end}


def _recurring(account: Account, given: Json) -> Json:
    meter = given.get("meter")
    usage = given.get("usage_type", "licensed")
    if usage == "metered" and not meter:
        message = "Metered prices must be backed by a meter: set recurring[meter]."
        raise invalid("recurring[meter]", message)
    if meter:
        account.get("billing.meter", meter, "recurring[meter]")
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count", 1),
        "meter": meter,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": usage,
    }


def _claim_lookup_key(account: Account, price: Json, given: Json) -> None:
    key = given.get("lookup_key")
    if "lookup_key" not in given:
        return
    if key is not None:
        for other in account.storage.all("price"):
            if other["lookup_key"] == key and other["id"] != price["id"]:
                if not given.get("transfer_lookup_key"):
                    message = f"A price (`{other['id']}`) already uses that lookup key."
                    raise invalid("lookup_key", message)
                other["lookup_key"] = None
                account.save(other, "price.updated")
    price["lookup_key"] = key


def create(account: Account, call: Call) -> Json:
    return make(account, call.params)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("price", call.id)


def update(account: Account, call: Call) -> Json:
    price = account.get("price", call.id)
    for name in ("active", "nickname", "tax_behavior"):
        if name in call.params:
            price[name] = call.params[name]
    _claim_lookup_key(account, price, call.params)
    with_metadata(price, call.get("metadata"))
    return account.save(price, "price.updated")


def list_(account: Account, call: Call) -> Json:
    prices = matching(call, account.storage.all("price"), "active", "created", "currency", "product", "type")
    if "lookup_keys" in call.params:
        prices = [one for one in prices if one["lookup_key"] in call.params["lookup_keys"]]
    for name, value in call.get("recurring", {}).items():
        prices = [one for one in prices if one["recurring"] and one["recurring"][name] == value]
    return page(call, prices)


ROUTES: Final = (
    Route("POST", "/v1/prices", create, CREATE, "PriceCreateParams"),
    Route("GET", "/v1/prices/{}", retrieve),
    Route("POST", "/v1/prices/{}", update, UPDATE, "PriceUpdateParams"),
    Route(
        "GET",
        "/v1/prices",
        list_,
        listing(
            active=boolean,
            created=time_filter,
            currency=text,
            lookup_keys=many(text),
            product=text,
            type=choice("one_time", "recurring"),
            recurring=shape(interval=_INTERVAL, meter=text, usage_type=choice("licensed", "metered")),
        ),
        "PriceListParams",
    ),
)
