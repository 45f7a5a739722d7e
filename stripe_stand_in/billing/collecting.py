"""Getting invoices paid: attempts, retries, and giving up."""

from __future__ import annotations

from stripe_stand_in import Json, cards, clock
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work
from stripe_stand_in.billing import invoicing, standing
from stripe_stand_in.errors import ApiError
from stripe_stand_in.objects import payment_intent, payment_method


def method_for(account: Account, invoice: Json) -> str | None:
    """The invoice's own, else the subscription's, else the customer's default payment method."""
    subscription = standing.subscription_of(account, invoice) or {}
    customer = account.get("customer", invoice["customer"])
    chosen: str | None = (
        invoice["default_payment_method"]
        or subscription.get("default_payment_method")
        or customer["invoice_settings"]["default_payment_method"]
    )
    return chosen


def decline_of(account: Account, customer: str, method: Json, present: bool) -> cards.Decline | None:
    """How a charge would be refused, if at all. `present`: the card's holder is there to confirm it."""
    told = account.storage.setting(f"failing:{customer}", {})
    if told:
        return cards.DECLINES[told["code"]]
    card = payment_method.card_of(method)
    if card.asks and not present:
        return cards.AUTHENTICATION
    return card.on_charge


def attempt(
    account: Account, invoice: Json, method: str | None = None, *, present: bool = False
) -> ApiError | None:
    """One attempt to collect an open invoice: paid, or the refusal to tell."""
    if invoice["amount_remaining"] == 0:
        settle(account, invoice)
        return None
    chosen = method or method_for(account, invoice)
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    if chosen is None:
        refused = ApiError(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set either field prior to"
            " paying this Invoice or pass a `payment_method`.",
            code="invoice_no_payment_method_types",
            keeps_changes=True,
        )
        _failed(account, invoice, None)
        return refused
    holder = account.get("payment_method", chosen, "payment_method")
    decline = decline_of(account, invoice["customer"], holder, present)
    if decline is None:
        settle(account, invoice, chosen)
        return None
    error: Json = {
        "code": decline.code,
        "decline_code": decline.decline_code,
        "message": decline.message,
        "payment_method": holder,
        "type": "card_error",
    }
    _failed(account, invoice, error)
    intent = payment_intent.of(account, invoice)
    return payment_method.refused(decline, keeps=True, more={"payment_intent": intent} if intent else {})


def settle(account: Account, invoice: Json, method: str | None = None, *, elsewhere: bool = False) -> Json:
    """Marks an open invoice as paid, by a payment method, or `elsewhere` (out of band)."""
    account.agenda.drop(invoice["id"])
    now = account.time_of(invoice)
    invoice |= {
        "status": "paid",
        "attempted": True,
        "amount_paid": 0 if elsewhere else invoice["amount_due"],
        "amount_remaining": 0,
        "next_payment_attempt": None,
        "auto_advance": False,
    }
    invoice["status_transitions"]["paid_at"] = now
    account.save(invoice)
    if elsewhere:
        payment_intent.settle(account, invoice, "canceled", canceled_at=now)
    else:
        received = {
            "amount_received": invoice["amount_due"],
            "payment_method": method,
            "last_payment_error": None,
        }
        payment_intent.settle(account, invoice, "succeeded", **received)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)
    standing.after_payment(account, invoice)
    return invoice


def _failed(account: Account, invoice: Json, error: Json | None) -> None:
    """Plans the next attempt, and tells."""
    subscription = standing.subscription_of(account, invoice)
    pauses = standing.dunning(account)["retry_days"]
    retried = subscription is not None and subscription["status"] not in ("incomplete", "canceled")
    waits = retried and invoice["_retries"] < len(pauses) and not (subscription or {}).get("pending_update")
    next_ = None
    if waits and invoice["collection_method"] == "charge_automatically":
        next_ = account.time_of(invoice) + int(pauses[invoice["_retries"]] * clock.DAY)
    invoice["next_payment_attempt"] = next_
    account.save(invoice)
    account.agenda.put(invoice["id"], Work.INVOICE_RETRY, next_, account.timeline(invoice))
    status = "requires_payment_method"
    if error and error["code"] == "authentication_required":
        status = "requires_action"
    payment_intent.settle(account, invoice, status, last_payment_error=error)
    account.emit(
        "invoice.payment_action_required" if status == "requires_action" else "invoice.payment_failed",
        invoice,
    )
    if status == "requires_action":
        account.emit("invoice.payment_failed", invoice)
    standing.after_failure(account, invoice)


def retry(account: Account, invoice: Json) -> None:
    """The next planned attempt; after the last one the account's rule applies."""
    if invoice["status"] != "open":
        return
    invoice["_retries"] += 1
    if attempt(account, invoice) is not None and invoice["next_payment_attempt"] is None:
        standing.after_last_retry(account, invoice)


def overdue(account: Account, invoice: Json) -> None:
    """An invoice that was sent was not paid in time."""
    if invoice["status"] == "open":
        account.emit("invoice.overdue", invoice)
        standing.after_failure(account, invoice)


def advance(account: Account, invoice: Json, *, present: bool = False) -> ApiError | None:
    """Finalizes a draft and collects it, or sends it; an invoice of nothing is paid at once."""
    invoice = invoicing.finalize(account, invoice)
    if invoice["amount_due"] == 0:
        settle(account, invoice)
        return None
    if invoice["collection_method"] == "send_invoice":
        account.emit("invoice.sent", invoice)
        return None
    return attempt(account, invoice, present=present)


def pay(
    account: Account,
    invoice: Json,
    method: str | None = None,
    *,
    present: bool = False,
    elsewhere: bool = False,
) -> Json:
    """Pays as asked by a call or a page; a decline is raised, and stays a fact."""
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(account, invoice)
    if invoice["status"] == "paid":
        raise ApiError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise ApiError("Voided invoices cannot be paid.", code="invoice_not_editable")
    if elsewhere:
        return settle(account, invoice, elsewhere=True)
    customer = account.get("customer", invoice["customer"])
    owned = payment_method.owned(account, customer, method, "payment_method")
    refused = attempt(account, invoice, owned, present=present)
    if refused is not None:
        raise refused
    return account.get("invoice", invoice["id"])


def write_off(account: Account, invoice: Json) -> Json:
    """Nobody expects its money any more; it can still be paid."""
    account.agenda.drop(invoice["id"])
    invoice |= {"status": "uncollectible", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["marked_uncollectible_at"] = account.time_of(invoice)
    account.save(invoice)
    account.emit("invoice.marked_uncollectible", invoice)
    standing.after_payment(account, invoice)
    return invoice
