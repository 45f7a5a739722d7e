"""Configurations of the billing portal: what a customer may do there."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, invalid
from stripe_stand_in.lists import matching, page
from stripe_stand_in.parameters import (
    Call,
    Reader,
    boolean,
    choice,
    listing,
    many,
    metadata,
    shape,
    text,
    unset_or,
    url,
    with_metadata,
)
from stripe_stand_in.routing import Route

KIND: Final = "billing_portal.configuration"
_PRORATION: Final = choice("always_invoice", "create_prorations", "none")
_FEATURES: Final = shape(
    customer_update=shape(enabled=boolean, allowed_updates=unset_or(many(text))),
    invoice_history=shape("enabled", enabled=boolean),
    payment_method_update=shape("enabled", enabled=boolean),
    subscription_cancel=shape(
        "enabled",
        enabled=boolean,
        cancellation_reason=shape("enabled", enabled=boolean, options=unset_or(many(text))),
        mode=choice("at_period_end", "immediately"),
        proration_behavior=_PRORATION,
    ),
    subscription_update=shape(
        enabled=boolean,
        billing_cycle_anchor=choice("now", "unchanged"),
        default_allowed_updates=unset_or(many(choice("price", "promotion_code", "quantity"))),
        products=unset_or(many(shape("product", "prices", product=text, prices=many(text)))),
        proration_behavior=_PRORATION,
        schedule_at_period_end=shape(
            conditions=unset_or(
                many(shape("type", type=choice("decreasing_item_amount", "shortening_interval")))
            )
        ),
        trial_update_behavior=choice("continue_trial", "end_trial"),
    ),
)
_FIELDS: Final[dict[str, Reader]] = {
    "business_profile": shape(headline=text, privacy_policy_url=text, terms_of_service_url=text),
    "default_return_url": url,
    "metadata": metadata,
    "name": text,
}
CREATE: Final = shape("features", features=_FEATURES, login_page=shape("enabled", enabled=boolean), **_FIELDS)
UPDATE: Final = shape(
    active=boolean, features=_FEATURES, login_page=shape("enabled", enabled=boolean), **_FIELDS
)
_REASONS: Final = (
    "too_expensive missing_features switched_service unused customer_service too_complex low_quality other"
).split()


def _none() -> Json:
    """Features as they are when nothing is asked for."""
    return {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": False},
        "payment_method_update": {"enabled": False, "payment_method_configuration": None},
        "subscription_cancel": {
            "cancellation_reason": {"enabled": False, "options": _REASONS},
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
        },
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": [],
            "enabled": False,
            "products": [],
            "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        },
    }


def _blank(account: Account) -> Json:
    made = account.new(KIND, "bpc")
    return made | {
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "default_return_url": None,
        "features": _none(),
        "is_default": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": made["created"],
    }


def ensure_default(account: Account) -> Json:
    """The one that Stripe's dashboard makes: card, invoices, cancelling at the end of the period."""
    for one in account.storage.all(KIND):
        if one["is_default"]:
            return one
    made = _blank(account)
    made["is_default"] = True
    for name in ("invoice_history", "payment_method_update", "subscription_cancel", "customer_update"):
        made["features"][name]["enabled"] = True
    made["features"]["customer_update"]["allowed_updates"] = ["email", "name", "address", "tax_id"]
    return account.add(made)


def _fill(account: Account, found: Json, given: Json) -> None:
    for name in ("active", "default_return_url", "name"):
        if name in given:
            found[name] = given[name]
    found["business_profile"] |= given.get("business_profile", {})
    for name, wanted in given.get("features", {}).items():
        feature = found["features"][name]
        for key, value in wanted.items():
            feature[key] = (feature[key] | value) if isinstance(feature[key], dict) else value
            if feature[key] is None:
                feature[key] = []
    update = found["features"]["subscription_update"]
    for number, product in enumerate(update["products"] or []):
        name = f"features[subscription_update][products][{number}]"
        account.get("product", product["product"], f"{name}[product]")
        for price in product["prices"]:
            if account.get("price", price, f"{name}[prices]")["product"] != product["product"]:
                raise invalid(f"{name}[prices]", f"The price {price} is not one of {product['product']}.")
    if update["enabled"] and not (update["products"] and update["default_allowed_updates"]):
        message = "To update subscriptions, set `products` and `default_allowed_updates`."
        raise invalid("features[subscription_update]", message)
    if given.get("login_page", {}).get("enabled"):
        raise ApiError("The stand-in has no login page for its portal.", param="login_page")
    with_metadata(found, given.get("metadata"))


def create(account: Account, call: Call) -> Json:
    made = _blank(account)
    _fill(account, made, call.params)
    return account.add(made, "billing_portal.configuration.created")


def retrieve(account: Account, call: Call) -> Json:
    return account.get(KIND, call.id)


def update(account: Account, call: Call) -> Json:
    found = account.get(KIND, call.id)
    _fill(account, found, call.params)
    found["updated"] = account.now()
    return account.save(found, "billing_portal.configuration.updated")


def list_(account: Account, call: Call) -> Json:
    return page(call, matching(call, account.storage.all(KIND), "active", "is_default"))


ROUTES: Final = (
    Route(
        "POST",
        "/v1/billing_portal/configurations",
        create,
        CREATE,
        "billing_portal.ConfigurationCreateParams",
    ),
    Route("GET", "/v1/billing_portal/configurations/{}", retrieve),
    Route(
        "POST",
        "/v1/billing_portal/configurations/{}",
        update,
        UPDATE,
        "billing_portal.ConfigurationUpdateParams",
    ),
    Route(
        "GET",
        "/v1/billing_portal/configurations",
        list_,
        listing(active=boolean, is_default=boolean),
        "billing_portal.ConfigurationListParams",
    ),
)
