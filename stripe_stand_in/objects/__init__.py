"""The objects of the API, a module each, and the calls on them."""

from __future__ import annotations

from typing import Any, Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.rendering import Includable, listing
from stripe_stand_in.routing import Route


def routes() -> tuple[Route, ...]:
    """Every call that the stand-in answers."""
    from stripe_stand_in.objects import (
        balance,
        checkout_session,
        customer,
        event,
        invoice,
        invoice_item,
        meter,
        payment_intent,
        payment_method,
        portal_configuration,
        portal_session,
        price,
        product,
        setup_intent,
        subscription,
        subscription_item,
        subscription_schedule,
        tax_id,
        test_clock,
        webhook_endpoint,
    )

    modules: Final = (
        balance,
        checkout_session,
        customer,
        event,
        invoice,
        invoice_item,
        meter,
        payment_intent,
        payment_method,
        portal_configuration,
        portal_session,
        price,
        product,
        setup_intent,
        subscription,
        subscription_item,
        subscription_schedule,
        tax_id,
        test_clock,
        webhook_endpoint,
    )
    return tuple(route for module in modules for route in module.ROUTES)


def includable(account: Account) -> Includable:
    """The fields that an object has only when they are expanded."""
    from stripe_stand_in.objects import checkout_line, payment_intent, tax_id

    storage = account.storage

    def secret(invoice: Json) -> Any:
        stored = storage.find(invoice["id"])
        intent = payment_intent.of(account, stored) if stored else None
        return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None

    def subscriptions(customer: Json) -> Json:
        live = [
            one
            for one in storage.all("subscription", customer["id"])
            if one["status"] not in ("canceled", "incomplete_expired")
        ]
        return listing(live[:10], f"/v1/customers/{customer['id']}/subscriptions", len(live) > 10)

    return {
        ("invoice", "confirmation_secret"): secret,
        ("invoice", "payments"): lambda invoice: listing(
            payment_intent.payments_of(account, invoice["id"]), "/v1/invoice_payments"
        ),
        ("customer", "subscriptions"): subscriptions,
        ("customer", "tax_ids"): lambda customer: listing(
            tax_id.of(account, customer["id"]), f"/v1/customers/{customer['id']}/tax_ids"
        ),
        ("price", "tiers"): lambda price: (storage.find(price["id"]) or {}).get("_tiers"),
        ("price", "currency_options"): lambda price: {},
        ("checkout.session", "line_items"): lambda session: checkout_line.as_list(
            account.get("checkout.session", session["id"])
        ),
    }
