"""The page of an invoice, where it can be paid."""

from __future__ import annotations

import hmac

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import checking_out, collecting
from stripe_stand_in.errors import ApiError, not_found
from stripe_stand_in.objects import payment_method
from stripe_stand_in.objects.invoice_line import money
from stripe_stand_in.pages import layout
from stripe_stand_in.pages.layout import e
from stripe_stand_in.web import Request, Response, page, redirect


def answer(account: Account, request: Request, id_: str, secret: str) -> Response:
    invoice = account.get("invoice", id_)
    if not hmac.compare_digest(invoice.get("_secret", ""), secret):
        raise not_found("invoice", id_)
    if request.method != "POST":
        return page(_page(account, invoice))
    refused = pay(account, invoice, request.form.get("number", ""))
    if refused is not None:
        return page(_page(account, account.get("invoice", id_), str(refused)), 402)
    return redirect(request.path)


def pay(account: Account, invoice: Json, number: str = "") -> ApiError | None:
    """Pays with a card that is typed, or the one on file; what was refused stays on record."""
    with account.storage.transaction():
        try:
            method = None
            if number:
                customer = account.get("customer", invoice["customer"])
                made = checking_out.new_card(account, number)
                method = payment_method.attach(account, made["id"], customer)["id"]
            collecting.pay(account, invoice, method, present=True)
        except ApiError as refused:
            return refused
    return None


def _page(account: Account, invoice: Json, error: str = "") -> str:
    currency = invoice["currency"]
    rows = [(line["description"], money(line["amount"], currency)) for line in invoice["lines"]["data"]]
    if invoice["starting_balance"]:
        used = invoice["amount_due"] - invoice["total"]
        rows.append(("From your balance", money(used, currency)))
    due = (
        f" · due {layout.day(invoice['due_date'])}"
        if invoice["due_date"] and invoice["status"] == "open"
        else ""
    )
    head = (
        f"<h1>Invoice {e(invoice['number'] or '')}</h1><p>{layout.tag(invoice['status'])}"
        f" <span class=quiet>{layout.day(invoice['created'])}{due} · {e(invoice['customer_email'] or '')}</span></p>"
    )
    box = f"<div class=box>{layout.amounts(rows, ('Total', money(invoice['amount_due'], currency)))}</div>"
    return layout.page("Invoice", head, box, layout.told(error), _form(account, invoice))


def _form(account: Account, invoice: Json) -> str:
    if invoice["status"] not in ("open", "uncollectible"):
        return ""
    held = collecting.method_for(account, invoice)
    label = f"Pay {money(invoice['amount_remaining'], invoice['currency'])}"
    on_file = ""
    if held is not None:
        card = account.get("payment_method", held)["card"]
        on_file = f"<p class=quiet>Empty: the card on file, {e(card['brand'])} ending in {card['last4']}.</p>"
    return (
        f"<form method=post class=box>{on_file}{layout.card_fields('', held is None)}"
        f"<button class=first>{e(label)}</button></form>"
    )
