"""Invoices: the calls. How they come about is in billing/."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import collecting, ending, invoicing, previewing, standing
from stripe_stand_in.errors import ApiError, invalid
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import payment_method
from stripe_stand_in.objects.subscription_item import CHANGED, PRORATION
from stripe_stand_in.parameters import (
    Call,
    Reader,
    boolean,
    choice,
    either,
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

_METHOD: Final = choice("charge_automatically", "send_invoice")
_STATUS: Final = choice("draft", "open", "paid", "uncollectible", "void")
_FIELDS: Final[dict[str, Reader]] = {
    "auto_advance": boolean,
    "collection_method": _METHOD,
    "days_until_due": natural,
    "default_payment_method": text,
    "description": text,
    "due_date": integer,
    "footer": text,
    "metadata": metadata,
}
CREATE: Final = shape(
    customer=text,
    subscription=text,
    currency=text,
    pending_invoice_items_behavior=choice("exclude", "include"),
    **_FIELDS,
)
UPDATE: Final = shape(**_FIELDS)
PREVIEW: Final = shape(
    customer=text,
    subscription=text,
    schedule=text,
    preview_mode=choice("next", "recurring"),
    subscription_details=shape(
        billing_cycle_anchor=shape("type", type=choice("now", "unchanged")),
        cancel_at=unset_or(integer),
        cancel_at_period_end=boolean,
        cancel_now=boolean,
        items=many(CHANGED),
        proration_behavior=PRORATION,
        proration_date=integer,
        trial_end=either(("now",), integer),
    ),
)


def create(account: Account, call: Call) -> Json:
    given = call.params
    subscription = None
    if given.get("subscription"):
        subscription = account.get("subscription", given["subscription"], "subscription")
    owner = given.get("customer") or (subscription or {}).get("customer")
    if owner is None:
        raise ApiError("You must pass either `customer` or `subscription`.", param="customer")
    customer = account.get("customer", owner, "customer")
    invoice = invoicing.blank(account, customer, subscription, "manual")
    invoice["auto_advance"] = False
    invoice["currency"] = given.get("currency") or invoice["currency"]
    _fill(account, invoice, given)
    if given.get("pending_invoice_items_behavior", "exclude") == "include" or subscription:
        invoicing.take_pending(account, invoice, given.get("subscription"))
    return account.add(invoice, "invoice.created")


def _fill(account: Account, invoice: Json, given: Json) -> None:
    for name in ("auto_advance", "collection_method", "description", "due_date", "footer"):
        if name in given:
            invoice[name] = given[name]
    if "days_until_due" in given:
        invoice["_days_until_due"] = given["days_until_due"]
    if "default_payment_method" in given:
        customer = account.get("customer", invoice["customer"])
        chosen = given["default_payment_method"]
        invoice["default_payment_method"] = payment_method.owned(
            account, customer, chosen, "default_payment_method"
        )
    with_metadata(invoice, given.get("metadata"))


def retrieve(account: Account, call: Call) -> Json:
    return account.get("invoice", call.id)


def update(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "draft" and not call.params.keys() <= {"metadata", "auto_advance", "description"}:
        raise ApiError("Finalized invoices can't be updated in this way", code="invoice_not_editable")
    _fill(account, invoice, call.params)
    return account.save(invoice, "invoice.updated")


def delete(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "draft" or invoice["parent"]:
        raise ApiError("You can only delete draft invoices that belong to no subscription.")
    return account.delete(invoice, "invoice.deleted")


def finalize(account: Account, call: Call) -> Json:
    invoice = invoicing.finalize(account, account.get("invoice", call.id))
    if invoice["amount_due"] == 0:
        return collecting.settle(account, invoice)
    if call.get("auto_advance", invoice["auto_advance"]):
        if invoice["collection_method"] == "send_invoice":
            account.emit("invoice.sent", invoice)
        else:
            collecting.attempt(account, invoice)
    return account.get("invoice", invoice["id"])


def pay(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    return collecting.pay(
        account,
        invoice,
        call.get("payment_method"),
        present=call.get("off_session") is False,
        elsewhere=call.get("paid_out_of_band", False),
    )


def send(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(account, invoice)
    account.emit("invoice.sent", invoice)
    return invoice


def void(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] not in ("open", "uncollectible"):
        raise ApiError(f"You can only void open and uncollectible invoices; this one is {invoice['status']}.")
    ending.void(account, invoice)
    standing.after_payment(account, invoice)
    return account.get("invoice", call.id)


def mark_uncollectible(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "open":
        raise ApiError("You can only mark open invoices as uncollectible.")
    return collecting.write_off(account, invoice)


def list_(account: Account, call: Call) -> Json:
    invoices = account.storage.all("invoice", call.get("customer"))
    if wanted := call.get("subscription"):
        invoices = [
            one
            for one in invoices
            if ((one["parent"] or {}).get("subscription_details") or {}).get("subscription") == wanted
        ]
    return page(call, matching(call, invoices, "status", "collection_method", "created", "due_date"))


def lines(account: Account, call: Call) -> Json:
    return page(call, list(account.get("invoice", call.id)["lines"]["data"]))


def create_preview(account: Account, call: Call) -> Json:
    if not any(call.get(name) for name in ("customer", "subscription", "schedule")):
        raise invalid("customer", "You must pass a customer, a subscription or a schedule.")
    return previewing.preview(account, call.params)


ROUTES: Final = (
    Route("POST", "/v1/invoices", create, CREATE, "InvoiceCreateParams"),
    Route("POST", "/v1/invoices/create_preview", create_preview, PREVIEW, "InvoiceCreatePreviewParams"),
    Route("GET", "/v1/invoices/{}", retrieve),
    Route("POST", "/v1/invoices/{}", update, UPDATE, "InvoiceUpdateParams"),
    Route("DELETE", "/v1/invoices/{}", delete),
    Route(
        "POST",
        "/v1/invoices/{}/finalize",
        finalize,
        shape(auto_advance=boolean),
        "InvoiceFinalizeInvoiceParams",
    ),
    Route(
        "POST",
        "/v1/invoices/{}/pay",
        pay,
        shape(payment_method=text, off_session=boolean, paid_out_of_band=boolean, forgive=boolean),
        "InvoicePayParams",
    ),
    Route("POST", "/v1/invoices/{}/send", send),
    Route("POST", "/v1/invoices/{}/void", void),
    Route("POST", "/v1/invoices/{}/mark_uncollectible", mark_uncollectible),
    Route("GET", "/v1/invoices/{}/lines", lines, listing(), "InvoiceListLinesParams"),
    Route(
        "GET",
        "/v1/invoices",
        list_,
        listing(
            customer=text,
            subscription=text,
            status=_STATUS,
            collection_method=_METHOD,
            created=time_filter,
            due_date=time_filter,
        ),
        "InvoiceListParams",
    ),
)
