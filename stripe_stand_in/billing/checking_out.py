"""A Checkout Session is paid: customer, card, subscription."""

from __future__ import annotations

from typing import Any

from stripe_stand_in import Json, cards
from stripe_stand_in.account import Account
from stripe_stand_in.billing import starting
from stripe_stand_in.errors import ApiError, card_error
from stripe_stand_in.objects import checkout_line, customer, payment_method, setup_intent, tax_id


def needs_card(session: Json) -> bool:
    """Whether it can be completed without a card: with nothing to pay now, and where that was allowed."""
    return bool(session["payment_method_collection"] == "always" or session["amount_total"])


def new_card(account: Account, number: str, name: str | None = None) -> Json:
    """A payment method of the number that somebody typed; refused unless it is one of Stripe's test cards."""
    found = cards.by_number(number)
    if found is None:
        message = (
            "Your card number is not one of Stripe's test cards."
            if number
            else "Your card number is missing."
        )
        raise card_error(message, "incorrect_number", None, keeps=False, more={})
    return payment_method.make(account, found, {"billing_details": {"name": name}})


def complete(account: Account, id_: str, form: dict[str, str]) -> Json:
    """The completed session. A declined card is raised, and leaves the session open and nothing else behind."""
    session = account.get("checkout.session", id_)
    if session["status"] != "open":
        raise ApiError(f"This session is {session['status']}.")
    buyer = _buyer(account, session, form)
    method = None
    if needs_card(session) or form.get("number"):
        method = new_card(account, form.get("number", ""), form.get("name") or None)["id"]
    if session["mode"] == "setup":
        _save_card(account, session, buyer, method)
    else:
        _subscribe(account, session, buyer, method)
    session |= {
        "status": "complete",
        "url": None,
        "customer": buyer["id"],
        "customer_details": customer_details(account, buyer),
    }
    account.agenda.drop(session["id"])
    account.save(session)
    account.emit("checkout.session.completed", session)
    return session


def _buyer(account: Account, session: Json, form: dict[str, str]) -> Json:
    """The session's customer, or a new one; with the e-mail, the name and the tax id that the page asked for."""
    email = session["customer_email"] or form.get("email") or None
    name = form.get("name") or None
    if session["customer"]:
        buyer = account.get("customer", session["customer"])
        buyer["email"] = buyer["email"] or email
        if session["_given"].get("customer_update", {}).get("name") == "auto":
            buyer["name"] = name or buyer["name"]
        account.save(buyer, "customer.updated")
    else:
        if not email:
            raise ApiError("Your e-mail address is missing.", param="email")
        buyer = customer.make(account, {"email": email, "name": name})
    if form.get("tax_id"):
        tax_id.make(account, buyer, {"type": form.get("tax_id_type", "eu_vat"), "value": form["tax_id"]})
    return account.get("customer", buyer["id"])


def _save_card(account: Account, session: Json, buyer: Json, method: str | None) -> None:
    data = session["_given"].get("setup_intent_data", {})
    intent = setup_intent.make(account, {"customer": buyer["id"], **data})
    session["setup_intent"] = setup_intent.confirmed(account, intent, method)["id"]


def _subscribe(account: Account, session: Json, buyer: Json, method: str | None) -> None:
    if method is not None:
        payment_method.attach(account, method, buyer)
    given: dict[str, Any] = session["_given"].get("subscription_data", {})
    wanted = given | {
        "items": checkout_line.as_items(session),
        "default_payment_method": method,
        "payment_behavior": "error_if_incomplete",
    }
    started = starting.start(account, account.get("customer", buyer["id"]), wanted, present=True)
    session["subscription"] = started["id"]
    session["invoice"] = started["latest_invoice"]
    session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"


def customer_details(account: Account, buyer: Json) -> Json:
    return {
        "address": buyer["address"],
        "business_name": None,
        "email": buyer["email"],
        "individual_name": None,
        "name": buyer["name"],
        "phone": buyer["phone"],
        "tax_exempt": buyer["tax_exempt"],
        "tax_ids": [{"type": one["type"], "value": one["value"]} for one in tax_id.of(account, buyer["id"])],
    }
