"""Invoice items: what waits to be put on a customer's next invoice."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, missing_parameter
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects.invoice_line import Draft
from stripe_stand_in.parameters import Call, boolean, integer, listing, metadata, natural, shape, text
from stripe_stand_in.routing import Route

CREATE: Final = shape(
    "customer",
    amount=integer,
    currency=text,
    customer=text,
    description=text,
    discountable=boolean,
    invoice=text,
    metadata=metadata,
    period=shape("start", "end", start=integer, end=integer),
    pricing=shape(price=text),
    quantity=natural,
    subscription=text,
)


def make(account: Account, customer: Json, draft: Draft) -> Json:
    item = account.new("invoiceitem", "ii", customer["test_clock"])
    del item["created"]
    details = {"subscription": draft.subscription, "subscription_item": draft.item}
    pricing = None
    if draft.price is not None:
        pricing = {
            "price_details": {"price": draft.price["id"], "product": draft.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": draft.price["unit_amount_decimal"],
        }
    return account.add(
        item
        | {
            "amount": draft.amount,
            "currency": draft.currency,
            "customer": customer["id"],
            "customer_account": None,
            "date": account.now(customer["test_clock"]),
            "description": draft.description,
            "discountable": not draft.proration,
            "discounts": [],
            "invoice": None,
            "metadata": draft.metadata,
            "net_amount": draft.amount,
            "parent": {"subscription_details": details, "type": "subscription_details"}
            if draft.subscription
            else None,
            "period": {"start": draft.period[0], "end": draft.period[1]},
            "pricing": pricing,
            "proration": draft.proration,
            "quantity": draft.quantity,
            "quantity_decimal": str(draft.quantity or 1),
            "tax_rates": [],
            "test_clock": customer["test_clock"],
            "_price": draft.price,
        },
        "invoiceitem.created",
    )


def pend(account: Account, subscription: Json, draft: Draft) -> None:
    """Leaves a proration for the subscription's next invoice."""
    make(account, account.get("customer", subscription["customer"]), draft)


def create(account: Account, call: Call) -> Json:
    from stripe_stand_in.billing import amounts, invoicing

    given = call.params
    customer = account.get("customer", given["customer"], "customer")
    quantity = given.get("quantity", 1)
    price = None
    if wanted := given.get("pricing", {}).get("price"):
        price = account.get("price", wanted, "pricing[price]")
        amount, currency = amounts.of(price, quantity), price["currency"]
    else:
        if "amount" not in given:
            raise missing_parameter("amount")
        amount, currency = given["amount"], given.get("currency") or customer["currency"] or "usd"
    now = account.now(customer["test_clock"])
    period = given.get("period", {"start": now, "end": now})
    draft = Draft(
        amount,
        currency,
        given.get("description") or "",
        (period["start"], period["end"]),
        quantity,
        price,
        given.get("subscription"),
        metadata=given.get("metadata", {}),
    )
    item = make(account, customer, draft)
    if given.get("invoice"):
        invoice = account.get("invoice", given["invoice"], "invoice")
        if invoice["status"] != "draft":
            raise ApiError(
                "This invoice is no longer editable.", code="invoice_not_editable", param="invoice"
            )
        invoicing.take_pending(account, invoice, given.get("subscription"))
        account.save(invoice, "invoice.updated")
    return account.get("invoiceitem", item["id"])


def retrieve(account: Account, call: Call) -> Json:
    return account.get("invoiceitem", call.id)


def delete(account: Account, call: Call) -> Json:
    item = account.get("invoiceitem", call.id)
    if item["invoice"] is not None:
        raise ApiError("This invoice item is attached to an invoice and cannot be deleted.")
    return account.delete(item, "invoiceitem.deleted")


def list_(account: Account, call: Call) -> Json:
    items = account.storage.all("invoiceitem", call.get("customer"))
    if "pending" in call.params:
        items = [item for item in items if (item["invoice"] is None) == call.params["pending"]]
    return page(call, matching(call, items, "invoice"))


ROUTES: Final = (
    Route("POST", "/v1/invoiceitems", create, CREATE, "InvoiceItemCreateParams"),
    Route("GET", "/v1/invoiceitems/{}", retrieve),
    Route("DELETE", "/v1/invoiceitems/{}", delete),
    Route(
        "GET",
        "/v1/invoiceitems",
        list_,
        listing(customer=text, invoice=text, pending=boolean),
        "InvoiceItemListParams",
    ),
)
