"""What is changed at Stripe. Each call is one step; `billing.actions` puts them together under the tenant's lock."""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from billing.errors import BillingRefused
from billing.gateway.connection import NotOpen, Repeated, plain, plain_list, speaking
from billing.gateway.contracts import Contract
from tenants.plans import TRIAL_DAYS, Interval

# What was used under a price that goes is billed at that price; in the classic mode it is billed to nobody.
_FLEXIBLE: Final[dict[str, str]] = {"type": "flexible"}


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
    """The address of a Checkout page. Others are to be closed before."""
    words = {"snug_tenant": str(tenant_id)}
    subscription: dict[str, Any] = {"metadata": words, "billing_mode": _FLEXIBLE}
    if trial:
        subscription["trial_period_days"] = TRIAL_DAYS
    with speaking() as api:
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


def close_checkouts(customer_id: str) -> None:
    """Close the customer's open Checkout pages: whoever buys elsewhere would buy twice with one of them. One that is
    being paid just now stays: what came of it is seen by whoever looks after this."""
    with speaking() as api:
        listed = api.checkout.sessions.list({"customer": customer_id, "status": "open", "limit": 100}).data
    for other in listed:
        with suppress(NotOpen), speaking() as api:
            api.checkout.sessions.expire(other.id)


def subscribe_by_invoice(customer_id: str, price_id: str, tenant_id: int, days: int) -> None:
    """A subscription whose invoices are mailed and due `days` later."""
    with speaking() as api:
        api.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": price_id}],
                "billing_mode": _FLEXIBLE,
                "collection_method": "send_invoice",
                "days_until_due": days,
                "metadata": {"snug_tenant": str(tenant_id)},
            }
        )


def collect_by_invoice(contract: Contract, days: int) -> None:
    """From now on its invoices are mailed."""
    with speaking() as api:
        api.subscriptions.update(contract.id, {"collection_method": "send_invoice", "days_until_due": days})


def collect_by_card(contract: Contract) -> bool:
    """From now on its invoices are charged to the customer's card; False, and nothing changed, where there is none."""
    with speaking() as api:
        held = plain(api.subscriptions.retrieve(contract.id))
        settings = plain(api.customers.retrieve(contract.customer_id)).get("invoice_settings") or {}
        if not held.get("default_payment_method") and not settings.get("default_payment_method"):
            return False
        api.subscriptions.update(contract.id, {"collection_method": "charge_automatically"})
    return True


def change_now(contract: Contract, items: list[dict[str, Any]]) -> None:
    """Other prices at once, the difference charged at once, and what was reported of usage at the price that goes; a
    cancellation ends with it, in the same call. Raises CardDeclined, and then nothing has changed."""
    wanted: dict[str, Any] = {"items": items, "proration_behavior": "always_invoice"}
    if not contract.schedule_id:  # Stripe takes no word of cancelling while a schedule is there
        wanted |= contract.taking_back
    if contract.collection_method == "charge_automatically":
        wanted["payment_behavior"] = "error_if_incomplete"
    with speaking() as api:
        api.subscriptions.update(contract.id, wanted)


def change_later(contract: Contract, later_items: list[dict[str, Any]], interval: Interval) -> None:
    """Other prices from the end of the period, through a schedule that then lets go of the subscription. What is booked
    already is booked anew, in one call."""
    with speaking() as api:
        if contract.schedule_id:
            made = plain(api.subscription_schedules.retrieve(contract.schedule_id))
        else:
            made = plain(api.subscription_schedules.create({"from_subscription": contract.id}))
        phase: dict[str, Any] = {
            "items": _present_items(contract),
            "start_date": (made["current_phase"] or made["phases"][0])["start_date"],
            "end_date": int(contract.period_end.timestamp()),
        }
        if contract.status == "trialing" and contract.trial_end:
            phase["trial_end"] = int(contract.trial_end.timestamp())
        later = {
            "items": later_items,
            "duration": {"interval": interval, "interval_count": 1},
            # At the end of a period no time is left to prorate; with "none" Stripe may leave out the usage of a price
            # that goes.
            "proration_behavior": "create_prorations" if contract.metered_price else "none",
        }
        api.subscription_schedules.update(made["id"], {"end_behavior": "release", "phases": [phase, later]})


def _present_items(contract: Contract) -> list[dict[str, Any]]:
    """What it has now, as a phase of a schedule has it."""
    items: list[dict[str, Any]] = [{"price": contract.bought.price_id, "quantity": 1}]
    if contract.metered_price:
        items.append({"price": contract.metered_price})
    return items


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
        api.subscriptions.update(contract.id, contract.taking_back)


def cancel_as_before(contract: Contract) -> None:
    """It ends when it was to end, after `keep_on`."""
    assert contract.cancel_at is not None
    at = {"cancel_at": int(contract.cancel_at.timestamp())}
    with speaking() as api:
        api.subscriptions.update(
            contract.id, {"cancel_at_period_end": True} if contract.ends_with_period else at
        )


def cancel_now(contract: Contract) -> None:
    """It is over. What was owed is still on its invoices, and what was used of what is metered is on one more."""
    with speaking() as api:
        api.subscriptions.cancel(contract.id, {"invoice_now": True} if contract.metered_item else {})


def cancel_second(subscription_id: str) -> None:
    """End a subscription that was never to be: what was paid for its time to come is credited to the customer, what is
    unpaid is void. May be repeated."""
    with speaking() as api:
        paid = _void_unpaid(api, subscription_id)
        back = {"invoice_now": True, "prorate": True} if paid else {}
        api.subscriptions.cancel(subscription_id, back)


def send_draft(invoice_id: str) -> None:
    """Make a draft an invoice, and have it collected. Harmless where it is one already."""
    with suppress(BillingRefused), speaking() as api:
        api.invoices.finalize_invoice(invoice_id, {"auto_advance": True})


def _void_unpaid(api: Any, subscription_id: str) -> bool:
    """Whether something was paid."""
    paid = False
    for invoice in plain_list(api.invoices.list({"subscription": subscription_id, "limit": 100})):
        if invoice["status"] == "draft":
            api.invoices.finalize_invoice(invoice["id"], {"auto_advance": False})
        if invoice["status"] in ("draft", "open", "uncollectible") and invoice["total"] > 0:
            api.invoices.void_invoice(invoice["id"])
        paid = paid or (invoice["status"] == "paid" and invoice["amount_paid"] > 0)
    return paid


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
