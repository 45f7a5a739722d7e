"""Tax ids of customers. Which values count as verified follows Stripe's test values."""

from __future__ import annotations

import re
from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, not_found
from stripe_stand_in.lists import page
from stripe_stand_in.parameters import Call, listing, shape, text
from stripe_stand_in.routing import Route

CREATE: Final = shape("type", "value", type=text, value=text)
# How a value must look, for the types that are checked; others are taken as they are.
_FORMS: Final = {
    "eu_vat": r"[A-Z]{2}[0-9A-Za-z+*.]{2,12}",
    "gb_vat": r"GB[0-9]{9}([0-9]{3})?",
    "ch_vat": r"CHE[-.0-9]+( (MWST|TVA|IVA))?",
    "us_ein": r"[0-9]{2}-?[0-9]{7}",
    "au_abn": r"[0-9 ]{11,14}",
    "no_vat": r"[0-9]{9}MVA",
}
TYPES: Final = tuple(_FORMS)


def make(account: Account, customer: Json, given: Json) -> Json:
    """A tax id of a customer; refused when the value cannot be one of its type."""
    kind, value = given["type"], given["value"]
    if kind in _FORMS and not re.fullmatch(_FORMS[kind], value):
        raise ApiError(f"Invalid value for {kind}.", code="tax_id_invalid", param="value")
    status = "unavailable"
    if kind in ("eu_vat", "gb_vat"):
        digits = value[2:]
        status = {"111111111": "unverified", "222222222": "pending"}.get(digits, "verified")
    tax_id = account.new("tax_id", "txi", customer["test_clock"]) | {
        "country": value[:2] if kind == "eu_vat" else kind[:2].upper(),
        "customer": customer["id"],
        "customer_account": None,
        "owner": {"type": "customer", "customer": customer["id"], "customer_account": None},
        "type": kind,
        "value": value,
        "verification": {
            "status": status,
            "verified_address": None,
            "verified_name": customer["name"] if status == "verified" else None,
        },
    }
    return account.add(tax_id, "customer.tax_id.created")


def of(account: Account, customer: str) -> list[Json]:
    return account.storage.all("tax_id", customer)


def _own(account: Account, call: Call) -> Json:
    account.get("customer", call.id)
    tax_id = account.get("tax_id", call.ids[1])
    if tax_id["customer"] != call.id:
        raise not_found("tax_id", call.ids[1])
    return tax_id


def create(account: Account, call: Call) -> Json:
    return make(account, account.get("customer", call.id), call.params)


def delete(account: Account, call: Call) -> Json:
    return account.delete(_own(account, call), "customer.tax_id.deleted")


def list_(account: Account, call: Call) -> Json:
    account.get("customer", call.id)
    return page(call, of(account, call.id))


ROUTES: Final = (
    Route("POST", "/v1/customers/{}/tax_ids", create, CREATE, "CustomerCreateTaxIdParams"),
    Route("GET", "/v1/customers/{}/tax_ids", list_, listing(), "CustomerListTaxIdsParams"),
    Route("GET", "/v1/customers/{}/tax_ids/{}", _own),
    Route("DELETE", "/v1/customers/{}/tax_ids/{}", delete),
)
