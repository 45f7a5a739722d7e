"""Payment methods: Stripe's test cards."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from stripe_stand_in import Json, cards
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, card_error, not_found
from stripe_stand_in.lists import page
from stripe_stand_in.parameters import (
    ADDRESS,
    Call,
    choice,
    integer,
    listing,
    metadata,
    shape,
    text,
    unset_or,
    with_metadata,
)
from stripe_stand_in.routing import Route

_DETAILS: Final = shape(address=unset_or(ADDRESS), email=text, name=text, phone=text, tax_id=text)
CREATE: Final = shape(
    type=choice("card"),
    billing_details=_DETAILS,
    card=shape(number=text, exp_month=integer, exp_year=integer, cvc=text, token=text),
    metadata=metadata,
)
UPDATE: Final = shape(
    billing_details=_DETAILS, card=shape(exp_month=integer, exp_year=integer), metadata=metadata
)


def make(account: Account, card: cards.Card, given: Json | None = None) -> Json:
    """A payment method that belongs to nobody yet."""
    given = given or {}
    shown = given.get("card", {})
    details: Json = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    method = account.new("payment_method", "pm") | {
        "allow_redisplay": "unspecified",
        "billing_details": details | given.get("billing_details", {}),
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": card.brand,
            "exp_month": shown.get("exp_month", 12),
            "exp_year": shown.get("exp_year", 2034),
            "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
            "funding": "debit" if card.name.endswith("debit") else "credit",
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "customer": None,
        "customer_account": None,
        "metadata": {},
        "type": "card",
        "_card": card.name,
    }
    with_metadata(method, given.get("metadata"))
    return account.add(method)


def card_of(method: Json) -> cards.Card:
    found = cards.by_name(method["_card"])
    assert found is not None, "a payment method is made of a known card"
    return found


def refused(decline: cards.Decline, *, keeps: bool = False, more: Json | None = None) -> ApiError:
    """The 402 that tells of a decline."""
    return card_error(decline.message, decline.code, decline.decline_code, keeps=keeps, more=more or {})


def attach(account: Account, id_: str, customer: Json, param: str = "payment_method") -> Json:
    """Gives a payment method, or a new one of a test card such as `pm_card_visa`, to a customer."""
    known = cards.by_name(id_) if id_.startswith("pm_card_") else None
    method = make(account, known) if known else account.get("payment_method", id_, param)
    if method["customer"] == customer["id"]:
        return method
    if method["customer"] is not None:
        raise ApiError(
            "The payment method you provided has already been attached to a customer.", param=param
        )
    if method.get("_detached"):
        message = "This PaymentMethod was previously detached from a Customer and may not be used again."
        raise ApiError(message, param=param)
    if decline := card_of(method).on_attach:
        raise refused(decline)
    method["customer"] = customer["id"]
    account.save(method)
    account.emit("payment_method.attached", method)
    return method


def detach(account: Account, method: Json) -> Json:
    """Takes it from its customer, wherever it is the default."""
    owner = method["customer"]
    method["customer"], method["_detached"] = None, True
    account.save(method)
    event = account.emit("payment_method.detached", method, {"customer": owner})
    account.storage.put(event | {"_customer": owner})
    customer = account.get("customer", owner)
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        account.save(customer, "customer.updated")
    for subscription in account.storage.all("subscription", owner):
        if subscription["default_payment_method"] == method["id"]:
            subscription["default_payment_method"] = None
            account.save(subscription, "customer.subscription.updated")
    return method


def owned(account: Account, customer: Json, id_: str | None, param: str) -> str | None:
    """The id of one of the customer's payment methods; a test card's name is attached first. None stays None."""
    if id_ is None:
        return None
    if id_.startswith("pm_card_"):
        return str(attach(account, id_, customer, param)["id"])
    if account.get("payment_method", id_, param)["customer"] != customer["id"]:
        raise not_found("PaymentMethod", id_, param)
    return id_


def create(account: Account, call: Call) -> Json:
    given: dict[str, Any] = call.get("card", {})
    number = given.get("number")
    found = cards.by_number(number) if number else cards.by_name(given.get("token") or "visa")
    if found is None:
        message = "Your card number is incorrect." if number else f"No such token: '{given.get('token')}'"
        raise card_error(message, "incorrect_number", None, keeps=False, more={"param": "number"})
    return make(account, found, call.params)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("payment_method", call.id)


def update(account: Account, call: Call) -> Json:
    method = account.get("payment_method", call.id)
    method["billing_details"] |= call.get("billing_details", {})
    method["card"] |= call.get("card", {})
    with_metadata(method, call.get("metadata"))
    return account.save(method, "payment_method.updated")


def attach_call(account: Account, call: Call) -> Json:
    return attach(account, call.id, account.get("customer", call.get("customer"), "customer"))


def detach_call(account: Account, call: Call) -> Json:
    method = account.get("payment_method", call.id)
    if method["customer"] is None:
        raise ApiError(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    return detach(account, method)


def list_(account: Account, call: Call) -> Json:
    customer = call.ids[0] if call.ids else call.get("customer")
    if customer:
        account.get("customer", customer, "id" if call.ids else "customer")
    methods = account.storage.all("payment_method", customer) if customer else []
    return page(call, [one for one in methods if call.get("type") in (None, one["type"])])


def retrieve_of_customer(account: Account, call: Call) -> Json:
    account.get("customer", call.id)
    method = account.get("payment_method", call.ids[1])
    if method["customer"] != call.id:
        raise not_found("PaymentMethod", call.ids[1])
    return method


ROUTES: Final = (
    Route("POST", "/v1/payment_methods", create, CREATE, "PaymentMethodCreateParams"),
    Route("GET", "/v1/payment_methods/{}", retrieve),
    Route("POST", "/v1/payment_methods/{}", update, UPDATE, "PaymentMethodUpdateParams"),
    Route(
        "POST",
        "/v1/payment_methods/{}/attach",
        attach_call,
        shape("customer", customer=text),
        "PaymentMethodAttachParams",
    ),
    Route("POST", "/v1/payment_methods/{}/detach", detach_call),
    Route("GET", "/v1/payment_methods", list_, listing(customer=text, type=text), "PaymentMethodListParams"),
    Route(
        "GET",
        "/v1/customers/{}/payment_methods",
        list_,
        listing(type=text),
        "CustomerListPaymentMethodsParams",
    ),
    Route("GET", "/v1/customers/{}/payment_methods/{}", retrieve_of_customer),
)
