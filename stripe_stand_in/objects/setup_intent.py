"""Setup intents: a card is saved for later."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import payment_method
from stripe_stand_in.parameters import (
    Call,
    boolean,
    choice,
    listing,
    metadata,
    shape,
    text,
    time_filter,
    with_metadata,
)
from stripe_stand_in.routing import Route

CREATE: Final = shape(
    automatic_payment_methods=shape("enabled", enabled=boolean, allow_redirects=choice("always", "never")),
    confirm=boolean,
    customer=text,
    description=text,
    metadata=metadata,
    payment_method=text,
    return_url=text,
    usage=choice("off_session", "on_session"),
)


_NOTHING: Final = (
    "application automatic_payment_methods cancellation_reason customer_account "
    "excluded_payment_method_types flow_directions last_setup_error latest_attempt mandate "
    "next_action on_behalf_of payment_method_configuration_details single_use_mandate"
).split()


def make(account: Account, given: Json) -> Json:
    customer = account.get("customer", given["customer"], "customer") if given.get("customer") else None
    intent = account.new("setup_intent", "seti", customer["test_clock"] if customer else None)
    intent |= dict.fromkeys(_NOTHING) | {
        "client_secret": f"{intent['id']}_secret_{ids.letters(25)}",
        "customer": customer["id"] if customer else None,
        "description": given.get("description"),
        "managed_payments": {"enabled": False},
        "metadata": {},
        "payment_method": given.get("payment_method"),
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "status": "requires_confirmation" if given.get("payment_method") else "requires_payment_method",
        "usage": given.get("usage", "off_session"),
    }
    with_metadata(intent, given.get("metadata"))
    account.add(intent, "setup_intent.created")
    return confirmed(account, intent, given.get("payment_method")) if given.get("confirm") else intent


def confirmed(account: Account, intent: Json, method: str | None) -> Json:
    """Saves the card for the customer; a declined one is told, and tried again with another."""
    chosen = method or intent["payment_method"]
    if chosen is None:
        raise ApiError(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            param="payment_method",
        )
    if intent["customer"]:
        try:
            customer = account.get("customer", intent["customer"])
            chosen = payment_method.attach(account, chosen, customer)["id"]
        except ApiError as refused:
            if refused.status == 402:
                refused.keeps_changes = True
                intent |= {"status": "requires_payment_method", "last_setup_error": refused.error}
                account.save(intent)
                account.emit("setup_intent.setup_failed", intent)
            raise
    intent |= {"payment_method": chosen, "status": "succeeded", "last_setup_error": None}
    account.save(intent)
    account.emit("setup_intent.succeeded", intent)
    return intent


def create(account: Account, call: Call) -> Json:
    return make(account, call.params)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("setup_intent", call.id)


def confirm(account: Account, call: Call) -> Json:
    return confirmed(account, account.get("setup_intent", call.id), call.get("payment_method"))


def cancel(account: Account, call: Call) -> Json:
    intent = account.get("setup_intent", call.id)
    if intent["status"] == "succeeded":
        raise ApiError("You cannot cancel this SetupIntent because it has a status of succeeded.")
    intent["status"] = "canceled"
    account.save(intent)
    account.emit("setup_intent.canceled", intent)
    return intent


def list_(account: Account, call: Call) -> Json:
    found = account.storage.all("setup_intent", call.get("customer"))
    return page(call, matching(call, found, "payment_method", "created"))


ROUTES: Final = (
    Route("POST", "/v1/setup_intents", create, CREATE, "SetupIntentCreateParams"),
    Route("GET", "/v1/setup_intents/{}", retrieve),
    Route(
        "POST",
        "/v1/setup_intents/{}/confirm",
        confirm,
        shape(payment_method=text, return_url=text),
        "SetupIntentConfirmParams",
    ),
    Route("POST", "/v1/setup_intents/{}/cancel", cancel),
    Route(
        "GET",
        "/v1/setup_intents",
        list_,
        listing(customer=text, payment_method=text, created=time_filter),
        "SetupIntentListParams",
    ),
)
