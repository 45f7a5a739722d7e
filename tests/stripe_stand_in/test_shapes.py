"""Objects are what Stripe publishes: the same keys, the same types; what is left out is listed, each with a reason."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any, Final

import pytest
import stripe

from stripe_stand_in import Json
from tests.stripe_stand_in.left_out import LEFT_OUT, OPEN, OPTIONAL
from tests.stripe_stand_in.running import StandIn, item_of

PUBLISHED: Final[dict[str, Json]] = json.loads(
    Path(__file__).with_name("shapes").joinpath("published.json").read_text("utf-8")
)
CLASSES: Final[dict[str, type]] = {
    "billing.meter": stripe.billing.Meter,
    "billing.meter_event": stripe.billing.MeterEvent,
    "billing.meter_event_adjustment": stripe.billing.MeterEventAdjustment,
    "billing.meter_event_summary": stripe.billing.MeterEventSummary,
    "billing_portal.configuration": stripe.billing_portal.Configuration,
    "billing_portal.session": stripe.billing_portal.Session,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "invoiceitem": stripe.InvoiceItem,
    "item": stripe.LineItem,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "plan": stripe.Plan,
    "price": stripe.Price,
    "product": stripe.Product,
    "setup_intent": stripe.SetupIntent,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "subscription_schedule": stripe.SubscriptionSchedule,
    "tax_id": stripe.TaxId,
    "test_helpers.test_clock": stripe.test_helpers.TestClock,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
KINDS: Final = sorted(CLASSES)


@pytest.fixture(scope="module")
def objects(stand_in: StandIn) -> dict[str, list[Json]]:
    """Objects of every kind, as many different ones as a short life makes."""
    v1 = stand_in.v1
    clock = v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000})
    customer = stand_in.customer(
        test_clock=clock.id, tax_id_data=[{"type": "eu_vat", "value": "DE123456789"}]
    )
    small, big = stand_in.price(3000), stand_in.price(9000, name="Business")
    aggregate: Any = {
        "display_name": "Shapes",
        "event_name": "shapes",
        "default_aggregation": {"formula": "sum"},
    }
    meter = v1.billing.meters.create(aggregate)
    payload: Any = {"event_name": "shapes", "payload": {"stripe_customer_id": customer.id, "value": "5"}}
    meter_event = v1.billing.meter_events.create(payload)
    trial: Any = {"customer": customer.id, "items": [{"price": small.id}], "trial_period_days": 3}
    v1.subscriptions.create(trial)
    given: Any = {"customer": customer.id, "items": [{"price": small.id}]}
    subscription = v1.subscriptions.create(given)
    change: Any = {
        "items": [{"id": item_of(subscription).id, "price": big.id}],
        "proration_behavior": "always_invoice",
    }
    v1.subscriptions.update(subscription.id, change)
    stand_in.control(f"/customers/{customer.id}/cards", fail=True)
    stand_in.advance(clock.id, days=32)
    schedule = v1.subscription_schedules.create({"from_subscription": subscription.id})
    checkout: Any = {"mode": "subscription", "success_url": "http://x/", "customer": customer.id}
    checkout["line_items"] = [{"price": small.id, "quantity": 1}]
    session = v1.checkout.sessions.create(checkout)
    flow: Any = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    portal = v1.billing_portal.sessions.create(
        {"customer": customer.id, "flow_data": flow, "return_url": "http://x/"}
    )
    summaries = v1.billing.meters.event_summaries.list(
        meter.id, {"customer": customer.id, "start_time": 1_800_000_000, "end_time": 1_800_086_400}
    )
    adjustment: Any = {
        "event_name": "shapes",
        "type": "cancel",
        "cancel": {"identifier": meter_event.identifier},
    }
    again: Any = {**payload, "identifier": "to-be-taken-back"}
    v1.billing.meter_events.create(again)
    adjustment["cancel"] = {"identifier": "to-be-taken-back"}
    endpoint: Any = {"url": "http://127.0.0.1:9/", "enabled_events": ["charge.succeeded"]}
    invoices = v1.invoices.list({"customer": customer.id, "limit": 100}).data
    subscriptions = v1.subscriptions.list({"customer": customer.id, "status": "all"}).data
    made: list[Any] = [
        *(meter, meter_event, session, portal, schedule, customer, small, clock, *summaries.data),
        *(v1.billing.meter_event_adjustments.create(adjustment), v1.webhook_endpoints.create(endpoint)),
        *v1.billing_portal.configurations.list().data,
        *(*invoices, *subscriptions, v1.products.retrieve(str(small.product))),
        *v1.checkout.sessions.line_items.list(session.id).data,
        *(item for one in subscriptions for item in one["items"].data),
        *(item.plan for one in subscriptions for item in one["items"].data),
        *(line for invoice in invoices for line in invoice.lines.data),
        *(one for invoice in invoices for one in v1.invoice_payments.list({"invoice": invoice.id}).data),
        *v1.invoice_items.list({"customer": customer.id}).data,
        *v1.payment_intents.list({"customer": customer.id}).data,
        *v1.payment_methods.list({"customer": customer.id}).data,
        v1.setup_intents.create({"customer": customer.id, "payment_method": "pm_card_visa", "confirm": True}),
        *v1.customers.tax_ids.list(customer.id).data,
        *stand_in.receiver.of(customer.id),
    ]
    found: dict[str, list[Json]] = {}
    for one in made:
        found.setdefault(one["object"], []).append(json.loads(str(one)))
    return found


def missing(kind: str, ours: Json, published: Json, path: str = "") -> list[str]:
    """Published keys that are not there, and values of another type."""
    wrong = []
    for name, example in published.items():
        here = f"{path}{name}"
        if (kind, here) in LEFT_OUT or (path and path.rstrip(".") in OPEN):
            continue
        if name not in ours:
            wrong.append(f"{here} is missing")
            continue
        value = ours[name]
        if value is None or example is None or here in OPEN:
            continue
        if isinstance(value, dict) and isinstance(example, dict):
            wrong += missing(kind, value, example, f"{here}.")
        elif _type(value) != _type(example):
            wrong.append(f"{here} is {_type(value)}, not {_type(example)}")
    return wrong


def _type(value: object) -> str:
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def beyond(ours: Json, class_: Any, path: str = "") -> list[str]:
    """Keys that stripe-python's own types do not know, and nulls where they know none."""
    wrong = []
    hints = class_.__annotations__
    inner = getattr(class_, "_inner_class_types", {})
    for name, value in ours.items():
        hint = hints.get(name)
        if hint is None:
            wrong.append(f"{path}{name} is unknown to stripe-python")
        elif value is None and type(None) not in typing.get_args(hint):
            wrong.append(f"{path}{name} must not be null")
        elif isinstance(value, dict) and name in inner:
            wrong += beyond(value, inner[name], f"{path}{name}.")
        elif isinstance(value, list) and name in inner:
            wrong += [
                one
                for part in value
                if isinstance(part, dict)
                for one in beyond(part, inner[name], f"{path}{name}.")
            ]
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_has_the_published_keys_and_types(objects: dict[str, list[Json]], kind: str) -> None:
    assert objects.get(kind), "none was made"
    wrong = {one for made in objects[kind] for one in missing(kind, made, PUBLISHED[kind])}
    assert wrong == set()


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_has_no_key_and_no_null_that_the_library_does_not_know(
    objects: dict[str, list[Json]], kind: str
) -> None:
    wrong = {one for made in objects[kind] for one in beyond(made, CLASSES[kind])}
    assert wrong == set()


def test_what_is_left_out_is_published_and_still_left_out(objects: dict[str, list[Json]]) -> None:
    for kind, name in LEFT_OUT:
        assert name in PUBLISHED[kind]
        assert all(name not in one for one in objects[kind])
        assert name not in CLASSES[kind].__annotations__, "this version has it: it may not be left out"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "payment_method"])
def test_what_the_library_knows_beyond_is_there_or_listed(objects: dict[str, list[Json]], kind: str) -> None:
    """Not of payment methods: the library knows a key for each of some sixty kinds, the stand-in has cards."""
    known = {name for name in CLASSES[kind].__annotations__ if not name.startswith("_")}
    left = known - {"OBJECT_NAME", "deleted"} - {name for made in objects[kind] for name in made}
    assert left == set(OPTIONAL.get(kind, {}))


def test_the_deleted_have_the_published_shape(stand_in: StandIn) -> None:
    customer = json.loads(str(stand_in.v1.customers.delete(stand_in.v1.customers.create({}).id)))
    assert customer.keys() == PUBLISHED["deleted_customer"].keys()
    product = json.loads(str(stand_in.v1.products.delete(stand_in.v1.products.create({"name": "x"}).id)))
    assert product.keys() == PUBLISHED["deleted_product"].keys()
