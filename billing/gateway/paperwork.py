"""Invoices, tax ids and the Customer Portal."""

from datetime import datetime
from typing import Any, Final

import msgspec

from billing.gateway.connection import NothingComes, plain, plain_list, speaking
from billing.gateway.contracts import Contract, moment

# Our configurations of the portal: with plans to switch between, and without.
PORTAL_MARK: Final = "snug_portal"
WITH_PLANS: Final = "1"
WITHOUT_PLANS: Final = "without_plans"


class Invoice(msgspec.Struct, frozen=True):
    """One invoice. `cents` is what it is over (negative: a credit), `due_cents` what of that was, or is, to pay, and
    `credit_cents` what the customer's credit has paid of it; `paid_cents` was paid. The pages are Stripe's and need no
    login."""

    id: str
    customer_id: str
    number: str
    status: str
    created: datetime
    due: datetime | None
    cents: int
    due_cents: int
    credit_cents: int
    paid_cents: int
    currency: str
    page_url: str
    pdf_url: str


class TaxId(msgspec.Struct, frozen=True):
    """A tax number as it stands on invoices. `status`: pending, verified, unverified or unavailable."""

    id: str
    type: str
    value: str
    status: str


class Preview(msgspec.Struct, frozen=True):
    """What a change would bring: `due_cents` to pay at once (negative: a credit), and the lines it comes from, what the
    customer's credit pays of it included; `credit_cents` is what is to their credit after it. What is paid for then
    lasts until `next_at`."""

    due_cents: int
    lines: tuple[tuple[str, int], ...]
    next_at: datetime | None = None
    credit_cents: int = 0


def invoices_of(customer_id: str, most: int) -> list[Invoice]:
    """The newest invoices, drafts left out."""
    with speaking() as api:
        found = plain_list(api.invoices.list({"customer": customer_id, "limit": most}))
    return [_invoice(one) for one in found if one["status"] != "draft"]


def open_invoice(customer_id: str) -> Invoice | None:
    """The oldest invoice that is still to be paid, one that Stripe has given up on included."""
    with speaking() as api:
        found = [
            one
            for status in ("open", "uncollectible")
            for one in plain_list(
                api.invoices.list({"customer": customer_id, "status": status, "limit": 100})
            )
            if one["amount_remaining"] > 0
        ]
    return min((_invoice(one) for one in found), key=lambda one: one.created, default=None)


def invoice(invoice_id: str) -> Invoice:
    """One invoice. Raises Missing."""
    with speaking() as api:
        return _invoice(plain(api.invoices.retrieve(invoice_id)))


def tax_ids_of(customer_id: str) -> list[TaxId]:
    """The customer's tax ids."""
    with speaking() as api:
        found = plain_list(api.customers.tax_ids.list(customer_id, {"limit": 20}))
    return [_tax_id(one) for one in found]


def add_tax_id(customer_id: str, type_: str, value: str) -> TaxId:
    """One more. Raises BillingRefused with Stripe's sentence for one that cannot be."""
    with speaking() as api:
        return _tax_id(plain(api.customers.tax_ids.create(customer_id, {"type": type_, "value": value})))


def drop_tax_id(customer_id: str, tax_id: str) -> None:
    """One less. Raises Missing for one that is not this customer's."""
    with speaking() as api:
        api.customers.tax_ids.delete(customer_id, tax_id)


def portal_page(customer_id: str, return_url: str, *, plans: bool) -> str:
    """The address of a Customer Portal session, with our own configuration where there is one; `plans` can be switched
    in it or not."""
    with speaking() as api:
        wanted = {"customer": customer_id, "return_url": return_url}
        if ours := portal_configuration(api, WITH_PLANS if plans else WITHOUT_PLANS):
            wanted["configuration"] = ours["id"]
        return str(api.billing_portal.sessions.create(wanted).url)


def portal_configuration(api: Any, kind: str) -> Any:
    """Our configuration of the portal of that kind, or None."""
    found = plain_list(api.billing_portal.configurations.list({"active": True, "limit": 100}))
    return next((one for one in found if (one.get("metadata") or {}).get(PORTAL_MARK) == kind), None)


def preview(contract: Contract, items: list[dict[str, Any]]) -> Preview:
    """What `change_now` with these items would charge, a cancellation taken back. On trial that is the first invoice,
    which comes when the trial ends."""
    details = {"items": items, "proration_behavior": "always_invoice", **contract.taking_back}
    wanted = {"customer": contract.customer_id, "subscription": contract.id, "subscription_details": details}
    try:
        with speaking() as api:
            drawn = plain(api.invoices.create_preview(wanted))
    except NothingComes:
        return Preview(0, ())
    drawn_lines = drawn["lines"]["data"]
    lines = tuple((str(line["description"] or ""), int(line["amount"])) for line in drawn_lines)
    if used := _credit_used(drawn):
        lines += (("From your credit", -used),)
    # What is given back may reach further: a year that is left for a dearer plan by the month.
    last = max((int(line["period"]["end"]) for line in drawn_lines if line["amount"] > 0), default=None)
    due = drawn["total"] if drawn["total"] < 0 else drawn["amount_due"]
    return Preview(int(due), lines, moment(last), max(0, -(drawn["starting_balance"] + drawn["total"])))


def _credit_used(one: Any) -> int:
    """What of the customer's credit, which is a balance below zero, an invoice uses up."""
    return max(0, min(int(one["total"] - one["amount_due"]), -int(one["starting_balance"])))


def _invoice(one: Any) -> Invoice:
    created = moment(one["created"])
    assert created is not None
    return Invoice(
        id=one["id"],
        customer_id=one["customer"],
        number=one.get("number") or "",
        status=one["status"],
        created=created,
        due=moment(one.get("due_date")),
        cents=one["total"],
        due_cents=one["amount_due"],
        credit_cents=_credit_used(one),
        paid_cents=one["amount_paid"],
        currency=one["currency"],
        page_url=one.get("hosted_invoice_url") or "",
        pdf_url=one.get("invoice_pdf") or "",
    )


def _tax_id(one: Any) -> TaxId:
    return TaxId(one["id"], one["type"], one["value"], (one.get("verification") or {}).get("status") or "")
