"""Connections beyond the plan: as if so many were open, and what became of them at Stripe."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from django.utils import timezone

from realtime import groups
from tests.billing.buyer import Buyer
from tests.realtime.backstage import rows, shared


def two_connections(buyer: Buyer) -> None:
    """Her own figure is two connections: a third is beyond the plan."""
    own = '{"max_connections": 2, "connections_per_user": 50}'
    change = "UPDATE public.tenants_tenant SET own_limits = %s WHERE id = %s"
    rows(buyer.workspace, change, own, buyer.tenant_id)


def extra(buyer: Buyer) -> int:
    ((count,),) = rows(
        buyer.workspace, "SELECT extra_connections FROM public.tenants_tenant WHERE id = %s", buyer.tenant_id
    )
    return int(count)


def use(buyer: Buyer, connections: int, day: date | None = None) -> None:
    """As if so many connections had been open at once when they were counted."""
    from billing.actions.counting import remember
    from tenants.models import Tenant

    tenant = Tenant.objects.get(pk=buyer.tenant_id)
    remember(tenant, day or timezone.now().date(), connections)


def are_open(buyer: Buyer, count: int) -> None:
    """As if so many connections were open, for the next minutes."""
    key = groups.leases(buyer.tenant_id)
    shared().delete(key)
    shared().zadd(key, {f"open-{n}": time.time() * 1000 + 300_000 for n in range(count)})


def a_month_ago(buyer: Buyer) -> None:
    """What was used this month was used in the one before."""
    last = "(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 day')"
    for change in (
        f"billing_usagereport SET month = to_char({last}, 'YYYY-MM')",
        f"billing_connectionpeak SET day = {last}::date",
    ):
        rows(buyer.workspace, f"UPDATE public.{change} WHERE tenant_id = %s", buyer.tenant_id)


def to_business_in_the_portal(buyer: Buyer) -> None:
    subscription = buyer.api.subscriptions.retrieve(buyer.bought.subscription_id).to_dict()
    item = subscription["items"]["data"][0]["id"]
    price = buyer.api.prices.list(params={"lookup_keys": ["snug_business_monthly_v1"]}).data[0].id
    buyer.api.subscriptions.update(subscription["id"], params={"items": [{"id": item, "price": price}]})


def counted_at_stripe(buyer: Buyer) -> int:
    """How many blocks Stripe's meter has of this customer."""
    meter = buyer.api.billing.meters.list().data[0].id
    window: dict[str, Any] = {
        "customer": buyer.customer,
        "start_time": 1_600_000_020,
        "end_time": 2_200_000_020,
    }
    summaries: Any = buyer.api.billing.meters.event_summaries
    found = summaries.list(meter, params=window).data
    return int(sum(one.aggregated_value for one in found))


def newest(buyer: Buyer) -> tuple[int, str]:
    from billing import actions

    invoice = actions.invoices(buyer.tenant_id)[0]
    return invoice.cents, invoice.status


def for_usage(buyer: Buyer) -> list[int]:
    """What is on the newest invoice for connections beyond the plan, in US cents a line."""
    drawn = buyer.api.invoices.list(params={"customer": buyer.customer}).data[0].to_dict()
    prices: dict[str, Any] = {price.id: price for price in buyer.api.prices.list(params={"limit": 100}).data}
    named = [(line["amount"], line["pricing"]["price_details"]["price"]) for line in drawn["lines"]["data"]]
    return [cents for cents, price in named if prices[price].recurring.usage_type == "metered" and cents]
