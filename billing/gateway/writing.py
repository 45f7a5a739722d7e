"""What is changed at Stripe. Each call is one step; `billing.actions` puts them together under the tenant's lock."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from billing.gateway.connection import Repeated, plain, speaking
from billing.gateway.contracts import Contract
from tenants.plans import TRIAL_DAYS, Interval


def make_customer(*, key: str, email: str, name: str, tenant_id: int, slug: str, locale: str) -> str:
    """A customer for a tenant; the same `key` again answers with the one that was made."""
    wanted = {
        "email": email,
        "name": name,
        "preferred_locales": [locale],
        "metadata": {"snug_tenant": str(tenant_id), "snug_slug": slug},
    }
    with speaking() as api:
        return str(api.customers.create(wanted, {"idempotency_key": key}).id)


def open_checkout(
    *, customer_id: str, price_id: str, tenant_id: int, trial: bool, success_url: str, cancel_url: str
) -> str:
    """The address of a Checkout page, the only one this customer has open: two pages would be two subscriptions."""
    words = {"snug_tenant": str(tenant_id)}
    subscription: dict[str, Any] = {"metadata": words}
    if trial:
        subscription["trial_period_days"] = TRIAL_DAYS
    with speaking() as api:
        for other in api.checkout.sessions.list(
            {"customer": customer_id, "status": "open", "limit": 100}
        ).data:
            api.checkout.sessions.expire(other.id)
        made = api.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": customer_id,
                "client_reference_id": str(tenant_id),
                "line_items": [{"price": price_id, "quantity": 1}],
                "subscription_data": subscription,
                "metadata": words,
                "success_url": success_url,
                "cancel_url": cancel_url,
            }
        )
        return str(made.url)


def subscribe_by_invoice(customer_id: str, price_id: str, tenant_id: int, days: int) -> None:
    """A subscription whose invoices are mailed and due `days` later."""
    with speaking() as api:
        api.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": price_id}],
                "collection_method": "send_invoice",
                "days_until_due": days,
                "metadata": {"snug_tenant": str(tenant_id)},
            }
        )


def collect_by_invoice(contract: Contract, days: int) -> None:
    """From now on its invoices are mailed."""
    with speaking() as api:
        api.subscriptions.update(contract.id, {"collection_method": "send_invoice", "days_until_due": days})


def change_now(contract: Contract, items: list[dict[str, Any]]) -> None:
    """Other prices at once, the difference charged at once. Raises CardDeclined, and then nothing has changed."""
    wanted: dict[str, Any] = {"items": items, "proration_behavior": "always_invoice"}
    if contract.collection_method == "charge_automatically":
        wanted["payment_behavior"] = "error_if_incomplete"
    with speaking() as api:
        api.subscriptions.update(contract.id, wanted)


def change_later(
    contract: Contract,
    now_items: list[dict[str, Any]],
    later_items: list[dict[str, Any]],
    interval: Interval,
) -> None:
    """Other prices from the end of the period, through a schedule that then lets go of the subscription."""
    with speaking() as api:
        made = plain(api.subscription_schedules.create({"from_subscription": contract.id}))
        current = made["phases"][0]
        phase: dict[str, Any] = {
            "items": now_items,
            "start_date": current["start_date"],
            "end_date": int(contract.period_end.timestamp()),
        }
        if contract.status == "trialing" and contract.trial_end:
            phase["trial_end"] = int(contract.trial_end.timestamp())
        later = {
            "items": later_items,
            "duration": {"interval": interval, "interval_count": 1},
            "proration_behavior": "none",
        }
        api.subscription_schedules.update(made["id"], {"end_behavior": "release", "phases": [phase, later]})


def forget_later(contract: Contract) -> None:
    """Nothing is booked any more."""
    if contract.schedule_id:
        with speaking() as api:
            api.subscription_schedules.release(contract.schedule_id)


def cancel_at_end(contract: Contract) -> None:
    """It ends with the period, or with the trial."""
    with speaking() as api:
        api.subscriptions.update(contract.id, {"cancel_at_period_end": True})


def keep_on(contract: Contract) -> None:
    """It does not end after all."""
    with speaking() as api:
        # Whoever cancelled in the portal has set a moment, and no flag.
        undo = {"cancel_at_period_end": False} if contract.ends_with_period else {"cancel_at": ""}
        api.subscriptions.update(contract.id, undo)


def cancel_now(contract: Contract) -> None:
    """It is over; what was owed is still on its invoices."""
    with speaking() as api:
        api.subscriptions.cancel(contract.id)


def add_item(contract: Contract, price_id: str) -> None:
    """One more price on the subscription."""
    with speaking() as api:
        api.subscription_items.create({"subscription": contract.id, "price": price_id})


def report_usage(event_name: str, identifier: str, customer_id: str, value: int, at: datetime) -> None:
    """Tell the meter of `value` more. A repeat of the same identifier is counted once."""
    with suppress(Repeated), speaking() as api:
        api.billing.meter_events.create(
            {
                "event_name": event_name,
                "identifier": identifier,
                "payload": {"stripe_customer_id": customer_id, "value": str(value)},
                "timestamp": int(at.timestamp()),
            },
            {"idempotency_key": identifier},
        )
