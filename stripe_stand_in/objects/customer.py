"""Customers."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.errors import invalid
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import payment_method, tax_id
from stripe_stand_in.parameters import (
    ADDRESS,
    Call,
    Reader,
    choice,
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

NO_ADDRESS: Final = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_FIELDS: Final[dict[str, Reader]] = {
    "address": unset_or(ADDRESS),
    "balance": integer,
    "description": text,
    "email": text,
    "invoice_prefix": text,
    "invoice_settings": shape(
        default_payment_method=text,
        footer=text,
        custom_fields=unset_or(many(shape("name", "value", name=text, value=text))),
    ),
    "metadata": metadata,
    "name": text,
    "next_invoice_sequence": natural,
    "phone": text,
    "preferred_locales": many(text),
    "shipping": unset_or(shape("name", "address", address=ADDRESS, name=text, phone=text)),
    "tax_exempt": unset_or(choice("none", "exempt", "reverse")),
}
CREATE: Final = shape(
    **_FIELDS,
    payment_method=text,
    test_clock=text,
    tax_id_data=many(shape("type", "value", type=text, value=text)),
)
UPDATE: Final = shape(**_FIELDS)


def make(account: Account, given: Json) -> Json:
    """A new customer, with its event; parameters as for `create`."""
    clock = given.get("test_clock")
    if clock is not None:
        account.get("test_helpers.test_clock", clock, "test_clock")
    customer = account.new("customer", "cus", clock, 14) | {
        "address": None,
        "balance": 0,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": ids.invoice_prefix(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
    }
    account.storage.put(customer)
    if given.get("payment_method"):
        payment_method.attach(account, given["payment_method"], customer)
    _fill(account, customer, given)
    account.add(customer, "customer.created")
    for one in given.get("tax_id_data", []):
        tax_id.make(account, customer, one)
    return customer


def _fill(account: Account, customer: Json, given: Json) -> None:
    for name in ("balance", "description", "email", "name", "phone", "shipping", "invoice_prefix"):
        if name in given:
            customer[name] = given[name]
    for name in ("preferred_locales", "next_invoice_sequence"):
        if name in given:
            customer[name] = given[name]
    if "tax_exempt" in given:
        customer["tax_exempt"] = given["tax_exempt"] or "none"
    if "address" in given:
        customer["address"] = {**NO_ADDRESS, **given["address"]} if given["address"] else None
    if customer["email"] and "@" not in customer["email"]:
        raise invalid("email", f"Invalid email address: {customer['email']}", "email_invalid")
    settings = given.get("invoice_settings", {})
    chosen = settings.get("default_payment_method")
    if chosen:
        method = account.get("payment_method", chosen, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            message = "The customer does not have a payment method with the ID " + chosen + "."
            raise invalid("invoice_settings[default_payment_method]", message, "resource_missing")
    customer["invoice_settings"] |= settings
    with_metadata(customer, given.get("metadata"))


def create(account: Account, call: Call) -> Json:
    return make(account, call.params)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("customer", call.id, deleted=True)


def update(account: Account, call: Call) -> Json:
    customer = account.get("customer", call.id)
    _fill(account, customer, call.params)
    return account.save(customer, "customer.updated")


def delete(account: Account, call: Call) -> Json:
    """Its subscriptions end at once; what is left answers to the id, and says that it is deleted."""
    from stripe_stand_in.billing import ending

    customer = account.get("customer", call.id)
    for subscription in account.storage.all("subscription", customer["id"]):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            ending.cancel(account, subscription)
    for method in account.storage.all("payment_method", customer["id"]):
        payment_method.detach(account, method)
    account.emit("customer.deleted", account.get("customer", call.id))
    gone = {"id": customer["id"], "object": "customer", "deleted": True}
    account.storage.put(gone)
    return gone


def list_(account: Account, call: Call) -> Json:
    customers = [one for one in account.storage.all("customer") if not one.get("deleted")]
    clock = call.get("test_clock")
    customers = [one for one in customers if one["test_clock"] == clock]
    return page(call, matching(call, customers, "email", "created"))


ROUTES: Final = (
    Route("POST", "/v1/customers", create, CREATE, "CustomerCreateParams"),
    Route("GET", "/v1/customers/{}", retrieve, named="CustomerRetrieveParams"),
    Route("POST", "/v1/customers/{}", update, UPDATE, "CustomerUpdateParams"),
    Route("DELETE", "/v1/customers/{}", delete),
    Route(
        "GET",
        "/v1/customers",
        list_,
        listing(email=text, created=time_filter, test_clock=text),
        "CustomerListParams",
    ),
)
