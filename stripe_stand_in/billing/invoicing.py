"""Making invoices: a draft, its sums, its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stripe_stand_in import Json, clock, ids
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work
from stripe_stand_in.errors import ApiError
from stripe_stand_in.objects import invoice_line, payment_intent, tax_id
from stripe_stand_in.objects.invoice_line import Draft

# How long a subscription's draft waits before it becomes final, as at Stripe.
DRAFT_FOR: Final = clock.HOUR


_NOTHING: Final = (
    "account_tax_ids application automatically_finalizes_at custom_fields customer_account "
    "customer_shipping default_source description due_date effective_at ending_balance footer "
    "from_invoice hosted_invoice_url invoice_pdf last_finalization_error latest_revision "
    "next_payment_attempt number on_behalf_of receipt_number rendering shipping_cost "
    "shipping_details statement_descriptor webhooks_delivered_at"
).split()


_ZERO: Final = (
    "amount_due amount_overpaid amount_paid amount_remaining amount_shipping attempt_count "
    "post_payment_credit_notes_amount pre_payment_credit_notes_amount starting_balance subtotal "
    "subtotal_excluding_tax total total_excluding_tax"
).split()


def blank(account: Account, customer: Json, subscription: Json | None, reason: str) -> Json:
    """An invoice without lines."""
    source = subscription or {}
    invoice = account.new("invoice", "in", customer["test_clock"])
    now = invoice["created"]
    parent = None
    if subscription is not None:
        details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
        parent = {"quote_details": None, "subscription_details": details, "type": "subscription_details"}
    return (
        invoice
        | dict.fromkeys(_NOTHING)
        | dict.fromkeys(_ZERO, 0)
        | {
            "account_country": "US",
            "account_name": "Stand-in",
            "attempted": False,
            "auto_advance": True,
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "billing_reason": reason,
            "collection_method": source.get("collection_method", "charge_automatically"),
            "currency": source.get("currency") or customer["currency"] or "usd",
            "customer": customer["id"],
            "customer_address": customer["address"],
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "customer_phone": customer["phone"],
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": [
                {"type": one["type"], "value": one["value"]} for one in tax_id.of(account, customer["id"])
            ],
            "default_payment_method": None,
            "default_tax_rates": [],
            "discounts": [],
            "issuer": {"type": "self"},
            "lines": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/invoices/{invoice['id']}/lines",
            },
            "metadata": {},
            "parent": parent,
            "payment_settings": {
                "default_mandate": None,
                "payment_method_options": None,
                "payment_method_types": None,
            },
            "period_end": now,
            "period_start": now,
            "status": "draft",
            "status_transitions": {
                "finalized_at": None,
                "marked_uncollectible_at": None,
                "paid_at": None,
                "voided_at": None,
            },
            "test_clock": customer["test_clock"],
            "total_discount_amounts": [],
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "_days_until_due": source.get("days_until_due"),
            "_retries": 0,
        }
    )


def add_lines(invoice: Json, drafts: Sequence[Draft]) -> None:
    invoice["lines"]["data"] += [invoice_line.make(invoice["id"], draft) for draft in drafts]
    add_up(invoice)


def add_up(invoice: Json) -> None:
    """Sums the lines; what the customer's balance changes is settled when the invoice becomes final."""
    total = sum(line["amount"] for line in invoice["lines"]["data"])
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        invoice[name] = total
    invoice["amount_due"] = invoice["amount_remaining"] = max(0, total)


def take_pending(account: Account, invoice: Json, subscription: str | None) -> None:
    """Puts the customer's waiting invoice items on the invoice: the subscription's, and those of none."""
    for item in reversed(account.storage.all("invoiceitem", invoice["customer"])):
        details = (item["parent"] or {}).get("subscription_details") or {}
        if item["invoice"] is None and details.get("subscription") in (None, subscription):
            add_lines(invoice, [_waiting(item)])
            item["invoice"] = invoice["id"]
            account.storage.put(item)


def _waiting(item: Json) -> Draft:
    return Draft(
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"],
        period=(item["period"]["start"], item["period"]["end"]),
        quantity=item["quantity"],
        price=item["_price"],
        subscription=((item["parent"] or {}).get("subscription_details") or {}).get("subscription"),
        invoice_item=item["id"],
        proration=item["proration"],
        metadata=item["metadata"],
    )


def for_subscription(
    account: Account,
    subscription: Json,
    reason: str,
    drafts: Sequence[Draft],
    period: tuple[int, int] | None = None,
) -> Json:
    """A draft for a subscription, with what was waiting; the subscription's `latest_invoice` is it."""
    customer = account.get("customer", subscription["customer"])
    invoice = blank(account, customer, subscription, reason)
    if period is not None:
        invoice["period_start"], invoice["period_end"] = period
    add_lines(invoice, drafts)
    take_pending(account, invoice, subscription["id"])
    subscription["latest_invoice"] = invoice["id"]
    account.add(invoice, "invoice.created")
    return invoice


def wait(account: Account, invoice: Json) -> None:
    """Leaves a draft open for an hour."""
    at = invoice["created"] + DRAFT_FOR
    invoice["automatically_finalizes_at"] = at
    account.storage.put(invoice)
    account.agenda.put(invoice["id"], Work.INVOICE_FINALIZE, at, account.timeline(invoice))


def finalize(account: Account, invoice: Json) -> Json:
    """Gives it its number and its address, uses up the customer's balance, and asks for what is left."""
    if invoice["status"] != "draft":
        raise ApiError("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    account.agenda.drop(invoice["id"])
    now = account.time_of(invoice)
    customer = account.get("customer", invoice["customer"])
    use_balance(invoice, customer)
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    customer["currency"] = customer["currency"] or invoice["currency"]
    account.save(
        customer, "customer.updated" if invoice["starting_balance"] != invoice["ending_balance"] else None
    )
    secret = ids.letters(40)
    url = f"{account.public_url}/invoices/{invoice['id']}/{secret}"
    invoice |= {
        "status": "open",
        "automatically_finalizes_at": None,
        "effective_at": now,
        "hosted_invoice_url": url,
        "invoice_pdf": f"{url}/pdf",
        "webhooks_delivered_at": now,
        "_secret": secret,
    }
    invoice["status_transitions"]["finalized_at"] = now
    if invoice["collection_method"] == "send_invoice" and invoice["due_date"] is None:
        invoice["due_date"] = now + (invoice["_days_until_due"] or 30) * clock.DAY
    if invoice["amount_due"] > 0:
        invoice["_payment_intent"] = payment_intent.make(account, invoice)["id"]
        if invoice["due_date"]:
            account.agenda.put(
                invoice["id"], Work.INVOICE_OVERDUE, invoice["due_date"], account.timeline(invoice)
            )
    account.save(invoice)
    account.emit("invoice.finalized", invoice)
    return invoice


def use_balance(invoice: Json, customer: Json) -> None:
    """A balance below zero is credit; an invoice below zero adds to it."""
    start = invoice["starting_balance"] = customer["balance"]
    owed = invoice["total"] + start
    if invoice["total"] < 0 or start < 0:
        end, due = (owed, 0) if owed < 0 else (0, owed)
    else:
        end, due = 0, owed
    invoice["ending_balance"] = customer["balance"] = end
    invoice["amount_due"] = invoice["amount_remaining"] = due
