"""Checkout Sessions: for a subscription, or to save a card."""

from __future__ import annotations

from typing import Any, Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work
from stripe_stand_in.errors import ApiError, invalid, missing_parameter
from stripe_stand_in.lists import matching, page
from stripe_stand_in.objects import checkout_line, price
from stripe_stand_in.objects.subscription import TRIAL_SETTINGS
from stripe_stand_in.parameters import (
    Call,
    boolean,
    choice,
    count,
    integer,
    listing,
    many,
    metadata,
    shape,
    text,
    time_filter,
    url,
    with_metadata,
)
from stripe_stand_in.routing import Route

_AUTO: Final = choice("auto", "never")
_SUBSCRIPTION: Final = shape(
    billing_cycle_anchor=integer,
    billing_mode=shape("type", type=choice("classic", "flexible")),
    description=text,
    metadata=metadata,
    trial_end=integer,
    trial_period_days=count,
    trial_settings=TRIAL_SETTINGS,
)
CREATE: Final = shape(
    "mode",
    allow_promotion_codes=boolean,
    automatic_tax=shape("enabled", enabled=boolean),
    billing_address_collection=choice("auto", "required"),
    cancel_url=url,
    client_reference_id=text,
    currency=text,
    customer=text,
    customer_email=text,
    customer_update=shape(address=_AUTO, name=_AUTO),
    expires_at=integer,
    line_items=many(shape(price=text, price_data=price.INLINE, quantity=count)),
    locale=text,
    metadata=metadata,
    mode=choice("payment", "setup", "subscription"),
    payment_method_collection=choice("always", "if_required"),
    saved_payment_method_options=shape(payment_method_save=choice("disabled", "enabled")),
    setup_intent_data=shape(description=text, metadata=metadata),
    submit_type=choice("auto", "book", "donate", "pay", "subscribe"),
    subscription_data=_SUBSCRIPTION,
    success_url=url,
    tax_id_collection=shape("enabled", enabled=boolean, required=choice("if_supported", "never")),
    ui_mode=text,
)
_NOTHING: Final = (
    "adaptive_pricing after_expiration client_secret consent consent_collection currency_conversion customer_account"
    " collected_information customer_creation discounts integration_identifier invoice invoice_creation"
    " origin_context payment_intent payment_link payment_method_configuration_details permissions recovered_from"
    " setup_intent shipping_address_collection shipping_cost subscription wallet_options"
).split()
_LIVES: Final = clock.DAY


def create(account: Account, call: Call) -> Json:
    given = call.params
    mode = given["mode"]
    if mode == "payment":
        raise invalid("mode", "The stand-in has no one-time payments: mode is subscription or setup.")
    if given.get("ui_mode", "hosted_page") not in ("hosted_page", "hosted"):
        raise invalid("ui_mode", "The stand-in has hosted pages only.")
    if not given.get("success_url"):
        raise missing_parameter("success_url")
    customer = account.get("customer", given["customer"], "customer") if given.get("customer") else None
    if customer and given.get("customer_email"):
        raise ApiError("You may only specify one of these parameters: customer, customer_email.")
    asks = given.get("tax_id_collection", {}).get("enabled")
    if asks and customer and given.get("customer_update", {}).get("name") != "auto":
        message = "Tax ID collection for an existing customer needs `customer_update[name]` set to `auto`."
        raise ApiError(message)
    timeline = customer["test_clock"] if customer else None
    session = account.new("checkout.session", "cs_test", timeline, 58)
    now = session["created"]
    expires = given.get("expires_at", now + _LIVES)
    if not now + 30 * clock.MINUTE - clock.MINUTE <= expires <= now + _LIVES:
        raise invalid(
            "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from now."
        )
    lines = checkout_line.make_all(account, given) if mode == "subscription" else []
    trial = given.get("subscription_data", {}).keys() & {"trial_period_days", "trial_end"}
    total = 0 if trial else sum(line["amount_total"] for line in lines)
    asked = {
        name: given.get(name)
        for name in ("allow_promotion_codes", "billing_address_collection", "cancel_url")
    }
    asked |= {
        name: given.get(name) for name in ("client_reference_id", "customer_email", "locale", "submit_type")
    }
    session |= (
        dict.fromkeys(_NOTHING)
        | asked
        | {
            "amount_subtotal": total if mode == "subscription" else None,
            "amount_total": total if mode == "subscription" else None,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "currency": lines[0]["currency"] if lines else given.get("currency"),
            "custom_fields": [],
            "custom_text": dict.fromkeys(
                ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
            ),
            "customer": customer["id"] if customer else None,
            "customer_details": _details(customer, given.get("customer_email")),
            "expires_at": expires,
            "managed_payments": {"enabled": False},
            "metadata": {},
            "mode": mode,
            "payment_method_collection": given.get("payment_method_collection", "always"),
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "payment_status": "unpaid" if mode == "subscription" else "no_payment_required",
            "phone_number_collection": {"enabled": False},
            "saved_payment_method_options": None,
            "shipping_options": [],
            "status": "open",
            "success_url": given["success_url"],
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{account.public_url}/checkout/{session['id']}",
            "_given": given,
            "_lines": lines,
        }
    )
    with_metadata(session, given.get("metadata"))
    account.add(session)
    account.agenda.put(session["id"], Work.CHECKOUT_EXPIRE, expires, timeline)
    return session


def _details(customer: Json | None, email: str | None) -> Json | None:
    if customer is None and email is None:
        return None
    return {
        "address": customer["address"] if customer else None,
        "business_name": None,
        "email": customer["email"] if customer else email,
        "individual_name": None,
        "name": customer["name"] if customer else None,
        "phone": customer["phone"] if customer else None,
        "tax_exempt": customer["tax_exempt"] if customer else "none",
        "tax_ids": None,
    }


def retrieve(account: Account, call: Call) -> Json:
    return account.get("checkout.session", call.id)


def list_lines(account: Account, call: Call) -> Json:
    return page(call, list(account.get("checkout.session", call.id)["_lines"]))


def update(account: Account, call: Call) -> Json:
    session = account.get("checkout.session", call.id)
    with_metadata(session, call.get("metadata"))
    return account.save(session)


def close(account: Account, session: Json) -> Json:
    """It can no longer be paid."""
    session |= {"status": "expired", "url": None}
    account.agenda.drop(session["id"])
    account.save(session)
    account.emit("checkout.session.expired", session)
    return session


def expire(account: Account, call: Call) -> Json:
    session = account.get("checkout.session", call.id)
    if session["status"] != "open":
        message = f"Only open Checkout Sessions can be expired. This one is {session['status']}."
        raise ApiError(message)
    return close(account, session)


def list_(account: Account, call: Call) -> Json:
    found: list[Any] = account.storage.all("checkout.session", call.get("customer"))
    return page(call, matching(call, found, "status", "subscription", "created"))


ROUTES: Final = (
    Route("POST", "/v1/checkout/sessions", create, CREATE, "checkout.SessionCreateParams"),
    Route("GET", "/v1/checkout/sessions/{}", retrieve),
    Route(
        "POST", "/v1/checkout/sessions/{}", update, shape(metadata=metadata), "checkout.SessionUpdateParams"
    ),
    Route("POST", "/v1/checkout/sessions/{}/expire", expire),
    Route("GET", "/v1/checkout/sessions/{}/line_items", list_lines, listing()),
    Route(
        "GET",
        "/v1/checkout/sessions",
        list_,
        listing(customer=text, status=text, subscription=text, created=time_filter),
        "checkout.SessionListParams",
    ),
)
