"""Sessions of the billing portal."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.errors import invalid, missing_parameter
from stripe_stand_in.objects import portal_configuration
from stripe_stand_in.parameters import Call, choice, many, natural, shape, text, url
from stripe_stand_in.routing import Route

KIND: Final = "billing_portal.session"
_OF_SUBSCRIPTION: Final = shape("subscription", subscription=text)
FLOWS: Final = (
    "payment_method_update",
    "subscription_cancel",
    "subscription_update",
    "subscription_update_confirm",
)
CREATE: Final = shape(
    "customer",
    configuration=text,
    customer=text,
    flow_data=shape(
        "type",
        type=choice(*FLOWS),
        after_completion=shape(
            "type",
            type=choice("hosted_confirmation", "portal_homepage", "redirect"),
            redirect=shape("return_url", return_url=url),
            hosted_confirmation=shape(custom_message=text),
        ),
        subscription_cancel=_OF_SUBSCRIPTION,
        subscription_update=_OF_SUBSCRIPTION,
        subscription_update_confirm=shape(
            "subscription",
            "items",
            subscription=text,
            items=many(shape("id", id=text, price=text, quantity=natural)),
        ),
    ),
    locale=text,
    return_url=url,
)


def create(account: Account, call: Call) -> Json:
    given = call.params
    customer = account.get("customer", given["customer"], "customer")
    if given.get("configuration"):
        configuration = account.get(portal_configuration.KIND, given["configuration"], "configuration")
    else:
        configuration = portal_configuration.ensure_default(account)
    return_url = given.get("return_url") or configuration["default_return_url"]
    flow = _flow(account, customer, given["flow_data"]) if "flow_data" in given else None
    session = account.new(KIND, "bps", customer["test_clock"])
    secret = ids.letters(48)
    session |= {
        "configuration": configuration["id"],
        "customer": customer["id"],
        "customer_account": None,
        "flow": flow,
        "locale": given.get("locale"),
        "on_behalf_of": None,
        "return_url": return_url,
        "url": f"{account.public_url}/portal/{session['id']}/{secret}",
        "_secret": secret,
    }
    account.add(session)
    account.emit("billing_portal.session.created", session)
    return session


def _flow(account: Account, customer: Json, given: Json) -> Json:
    kind = given["type"]
    if kind != "payment_method_update":
        if kind not in given:
            raise missing_parameter(f"flow_data[{kind}]")
        name = f"flow_data[{kind}][subscription]"
        subscription = account.get("subscription", given[kind]["subscription"], name)
        if subscription["customer"] != customer["id"]:
            raise invalid(name, "The subscription does not belong to this customer.")
    ends = given.get("subscription_cancel")
    after = given.get("after_completion", {"type": "portal_homepage"})
    return {
        "after_completion": {"hosted_confirmation": None, "redirect": None} | after,
        "subscription_cancel": ends and {"retention": None} | ends,
        "subscription_update": given.get("subscription_update"),
        "subscription_update_confirm": given.get("subscription_update_confirm"),
        "type": kind,
    }


ROUTES: Final = (
    Route("POST", "/v1/billing_portal/sessions", create, CREATE, "billing_portal.SessionCreateParams"),
)
