"""Payment intents: one for each finalized invoice that asks for money, and its place on the invoice."""

from __future__ import annotations

from typing import Any, Final

from stripe_stand_in import Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError
from stripe_stand_in.lists import matching, page
from stripe_stand_in.parameters import Call, boolean, listing, shape, text, time_filter
from stripe_stand_in.routing import Route


def make(account: Account, invoice: Json) -> Json:
    """For an invoice that is being finalized; both it and its invoice payment are stored."""
    intent = account.new("payment_intent", "pi", account.timeline(invoice))
    intent |= {
        "amount": invoice["amount_due"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent['id']}_secret_{ids.letters(25)}",
        "confirmation_method": "automatic",
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "description": "Subscription update"
        if invoice["billing_reason"] == "subscription_update"
        else "Invoice",
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {"installments": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": "off_session",
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        "_invoice": invoice["id"],
    }
    account.add(intent, "payment_intent.created")
    payment = account.new("invoice_payment", "inpay", account.timeline(invoice)) | {
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
        "_customer": invoice["customer"],
    }
    account.add(payment)
    return intent


def payments_of(account: Account, invoice: str) -> list[Json]:
    return [one for one in account.storage.all("invoice_payment") if one["invoice"] == invoice]


def of(account: Account, invoice: Json) -> Json | None:
    found = account.storage.find(invoice.get("_payment_intent") or "")
    return found if found and found["object"] == "payment_intent" else None


def settle(account: Account, invoice: Json, status: str, **changed: Any) -> None:
    """Moves an invoice's payment intent, and its invoice payment, to where the invoice has come."""
    intent = of(account, invoice)
    if intent is None or intent["status"] in ("succeeded", "canceled"):
        return
    intent |= {"status": status, **changed}
    account.storage.put(intent)
    names = {"succeeded": "succeeded", "canceled": "canceled", "requires_action": "requires_action"}
    account.emit(f"payment_intent.{names.get(status, 'payment_failed')}", intent)
    if status not in ("succeeded", "canceled"):
        return
    now = account.time_of(intent)
    for payment in payments_of(account, invoice["id"]):
        paid = status == "succeeded"
        payment["status"] = "paid" if paid else "canceled"
        payment["amount_paid"] = payment["amount_requested"] if paid else None
        payment["status_transitions"]["paid_at" if paid else "canceled_at"] = now
        account.storage.put(payment)
        if paid:
            account.emit("invoice_payment.paid", payment)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("payment_intent", call.id)


def list_(account: Account, call: Call) -> Json:
    found = account.storage.all("payment_intent", call.get("customer"))
    return page(call, matching(call, found, "created"))


def confirm(account: Account, call: Call) -> Json:
    """Pays the invoice that it belongs to, with the person there."""
    from stripe_stand_in.billing import collecting

    intent = account.get("payment_intent", call.id)
    if intent["status"] in ("succeeded", "canceled"):
        message = f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}."
        raise ApiError(message, code="payment_intent_unexpected_state")
    invoice = account.get("invoice", intent["_invoice"])
    collecting.pay(account, invoice, call.get("payment_method"), present=not call.get("off_session", False))
    return account.get("payment_intent", call.id)


def payment(account: Account, call: Call) -> Json:
    return account.get("invoice_payment", call.id)


def payments(account: Account, call: Call) -> Json:
    return page(call, matching(call, account.storage.all("invoice_payment"), "invoice", "status"))


ROUTES: Final = (
    Route("GET", "/v1/payment_intents/{}", retrieve),
    Route(
        "GET",
        "/v1/payment_intents",
        list_,
        listing(customer=text, created=time_filter),
        "PaymentIntentListParams",
    ),
    Route(
        "POST",
        "/v1/payment_intents/{}/confirm",
        confirm,
        shape(payment_method=text, off_session=boolean, return_url=text),
        "PaymentIntentConfirmParams",
    ),
    Route("GET", "/v1/invoice_payments/{}", payment),
    Route(
        "GET",
        "/v1/invoice_payments",
        payments,
        listing(invoice=text, status=text),
        "InvoicePaymentListParams",
    ),
)
