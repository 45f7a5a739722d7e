"""The keys that the stand-in knowingly does not have, each with a reason."""

from __future__ import annotations

from typing import Final

# Kinds and paths of published keys that the stand-in does not have, and why.
LEFT_OUT: Final = {
    ("invoice", "subscription"): "gone from this API version: parent.subscription_details.subscription",
}
_ASKED: Final = "there when it is expanded"
_NOT_HERE: Final = "a part of Stripe that the stand-in does not have"
# Keys that stripe-python knows beyond the published example, which the stand-in leaves out, and why.
OPTIONAL: Final[dict[str, dict[str, str]]] = {
    "billing_portal.session": {"after_expiration": _NOT_HERE},
    "checkout.session": dict.fromkeys(
        "allowed_payment_method_types branding_settings excluded_payment_method_types name_collection optional_items"
        " presentment_details redirect_on_completion return_url tax_id_collection".split(),
        _NOT_HERE,
    )
    | {"line_items": _ASKED},
    "customer": dict.fromkeys(
        "business_name cash_balance individual_name invoice_credit_balance sources tax".split(), _NOT_HERE
    )
    | {"subscriptions": _ASKED, "tax_ids": _ASKED},
    "event": {"account": "Connect alone", "context": "organisations alone"},
    "invoice": dict.fromkeys("amount_paid_off_stripe status_details threshold_reason".split(), _NOT_HERE)
    | {"confirmation_secret": _ASKED, "payments": _ASKED},
    "invoiceitem": dict.fromkeys("frozen_fields invoicing_rules proration_details".split(), _NOT_HERE),
    "item": dict.fromkeys("discounts taxes".split(), _NOT_HERE),
    "payment_intent": dict.fromkeys(
        "allowed_payment_method_types hooks payment_details payment_record presentment_details".split(),
        _NOT_HERE,
    ),
    "plan": {"tiers": _ASKED},
    "price": {"currency_options": _ASKED, "tiers": _ASKED},
    "setup_intent": dict.fromkeys("allowed_payment_method_types attach_to_self".split(), _NOT_HERE),
    "subscription": {"presentment_details": _NOT_HERE},
    "subscription_item": {"current_trial": _NOT_HERE},
    "subscription_schedule": {"pause_schedules": _NOT_HERE},
}
# Objects whose own keys are anybody's, or depend on a choice that the stand-in makes otherwise.
OPEN: Final = {
    "metadata": "any keys",
    "payload": "any keys",
    "data.object": "any object",
    "payment_method_options": "a key each kind of payment method; the stand-in has cards",
    "payment_settings.payment_method_options": "a key each kind of payment method; the stand-in has cards",
    "shipping": "the published example is empty",
    "status_details": "depends on the status; the published example is empty",
    "payment": "the published example leaves out the payment intent",
    "pricing": "the published example leaves out the price",
    "parent": "its parts are null but for the one that `type` names",
    "invoice_settings": "published with optional keys that Stripe itself mostly leaves out",
    "default_settings.invoice_settings": "published with optional keys that Stripe itself mostly leaves out",
    "billing_mode": "the published example has an empty `flexible`",
    "flow.after_completion": "its parts are null but for the one that `type` names",
    "amount_details": "the published example is empty",
    "recurring": "the published examples differ from each other",
}
