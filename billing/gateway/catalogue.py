"""Bringing Stripe's products, prices, meter, portal and webhook endpoint in line with the plan table."""

from collections.abc import Generator, Iterator
from typing import Any

from billing.gateway.connection import Missing, plain, plain_list, speaking
from billing.gateway.events import EVENTS
from billing.gateway.paperwork import PORTAL_MARK, WITH_PLANS, WITHOUT_PLANS, portal_configuration
from billing.gateway.prices import METER, overage_key, price_key
from tenants.plans import INTERVALS, OVERAGE_BLOCK, PLANS, Interval, Plan, every_version


def sync(webhook_url: str) -> Iterator[str]:
    """Make and change what differs; a line for each thing done. A second run has nothing to say."""
    with speaking() as api:
        meter = yield from _meter(api)
        for plan in every_version():
            if plan.paid:
                yield from _product(api, plan)
                for interval in INTERVALS:
                    yield from _price(api, plan, interval)
                if plan.overage_usd is not None:
                    yield from _overage(api, plan, plan.overage_usd, meter)
        yield from _portal(api)
        yield from _endpoint(api, webhook_url)


def _product_id(plan: Plan) -> str:
    return f"snug_{plan.key}"


def _meter(api: Any) -> Generator[str, None, str]:
    """Its id."""
    for known in plain_list(api.billing.meters.list({"status": "active", "limit": 100})):
        if known["event_name"] == METER:
            return str(known["id"])
    wanted = {
        "display_name": f"Blocks of {OVERAGE_BLOCK} connections beyond the plan",
        "event_name": METER,
        "default_aggregation": {"formula": "sum"},
        "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
        "value_settings": {"event_payload_key": "value"},
    }
    made = str(api.billing.meters.create(wanted).id)
    yield f"meter {METER}"
    return made


def _product(api: Any, plan: Plan) -> Iterator[str]:
    wanted = {"name": f"Snug {plan.name}", "description": plan.tagline}
    known = _known_product(plan)
    if known is None:
        api.products.create({"id": _product_id(plan), **wanted})
        yield f"product {_product_id(plan)}"
    elif any(known[name] != value for name, value in wanted.items()):
        api.products.update(_product_id(plan), wanted)
        yield f"product {_product_id(plan)} changed"


def _known_product(plan: Plan) -> Any:
    try:
        with speaking() as api:
            return plain(api.products.retrieve(_product_id(plan)))
    except Missing:
        return None


def _words(plan: Plan) -> dict[str, str]:
    return {"snug_plan": plan.key, "snug_version": str(plan.version)}


def _price(api: Any, plan: Plan, interval: Interval) -> Iterator[str]:
    yield from _one_price(
        api,
        price_key(plan, interval),
        plan.cents(interval),
        {
            "product": _product_id(plan),
            "recurring": {"interval": interval},
            "nickname": f"{plan.name}, by the {interval}",
            "metadata": _words(plan),
        },
    )


def _overage(api: Any, plan: Plan, usd: int, meter: str) -> Iterator[str]:
    """By the month, also for a plan that is paid by the year: nobody waits a year to learn what it came to."""
    yield from _one_price(
        api,
        overage_key(plan),
        100 * usd,
        {
            "product": _product_id(plan),
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter},
            "nickname": f"{OVERAGE_BLOCK} connections beyond {plan.name} for a month",
            "metadata": _words(plan),
        },
    )


def _one_price(api: Any, key: str, cents: int, more: dict[str, Any]) -> Iterator[str]:
    """Prices cannot be changed: another amount is another price, which takes over the key."""
    known = plain_list(api.prices.list({"lookup_keys": [key], "active": True, "limit": 1}))
    if known and known[0]["unit_amount"] == cents:
        return
    api.prices.create(
        {"currency": "usd", "unit_amount": cents, "lookup_key": key, "transfer_lookup_key": True, **more}
    )
    if known:
        api.prices.update(known[0]["id"], {"active": False})
    yield f"price {key}: {cents / 100:,.2f} USD"


def _portal(api: Any) -> Iterator[str]:
    sold = [plan for plan in PLANS.values() if plan.paid]
    keys = [price_key(plan, interval) for plan in sold for interval in INTERVALS]
    prices = plain_list(api.prices.list({"lookup_keys": keys, "active": True, "limit": 100}))
    products = [
        {
            "product": _product_id(plan),
            "prices": sorted(one["id"] for one in prices if one["product"] == _product_id(plan)),
        }
        for plan in sold
    ]
    mark = ",".join(price for product in products for price in product["prices"])[:500]
    switching = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "always_invoice",
        "products": products,
        "schedule_at_period_end": {
            "conditions": [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
        },
    }
    yield from _one_portal(api, WITH_PLANS, mark, "Customer Portal", switching)
    yield from _one_portal(api, WITHOUT_PLANS, "none", "Customer Portal without plans", {"enabled": False})


def _one_portal(api: Any, kind: str, mark: str, name: str, switching: dict[str, Any]) -> Iterator[str]:
    features = {
        "customer_update": {"enabled": True, "allowed_updates": ["address", "email", "name", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        "subscription_update": switching,
    }
    known = portal_configuration(api, kind)
    if known is not None and known["metadata"].get("snug_prices") == mark:
        return
    words = {PORTAL_MARK: kind, "snug_prices": mark}
    if known is None:
        api.billing_portal.configurations.create({"features": features, "metadata": words})
    else:
        api.billing_portal.configurations.update(known["id"], {"features": features, "metadata": words})
    yield name


def _endpoint(api: Any, url: str) -> Iterator[str]:
    """Where Stripe sends events. It calls public addresses only: in development the stand-in knows ours by itself."""
    for known in plain_list(api.webhook_endpoints.list({"limit": 100})):
        if known["url"] == url:
            if "*" not in known["enabled_events"] and set(known["enabled_events"]) != set(EVENTS):
                api.webhook_endpoints.update(known["id"], {"enabled_events": list(EVENTS)})
                yield "webhook endpoint changed"
            return
    if url.startswith("https://"):
        made = api.webhook_endpoints.create({"url": url, "enabled_events": list(EVENTS)})
        # Stripe tells it this once.
        yield f"webhook endpoint {url}; set STRIPE_WEBHOOK_SECRET={made.secret}"
