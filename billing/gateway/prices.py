"""How prices are called at Stripe, and finding one."""

from typing import Final

from billing.errors import BillingUnavailable
from billing.gateway.connection import speaking
from tenants.plans import Interval, Plan

METER: Final = "snug_connection_blocks"
_LY: Final = {"month": "monthly", "year": "yearly"}


def price_key(plan: Plan, interval: Interval) -> str:
    """The lookup key of a plan's price."""
    return f"snug_{plan.key}_{_LY[interval]}_v{plan.version}"


def overage_key(plan: Plan) -> str:
    """The lookup key of the price of a block of connections beyond the plan for a month."""
    return f"snug_{plan.key}_connections_v{plan.version}"


def price_id(lookup_key: str) -> str:
    """The price that goes by a lookup key now. Raises BillingUnavailable where `sync_stripe` has not been run."""
    with speaking() as api:
        found = api.prices.list({"lookup_keys": [lookup_key], "active": True, "limit": 1}).data
    if not found:
        raise BillingUnavailable(f"The price {lookup_key} is not at Stripe yet: run manage.py sync_stripe.")
    return str(found[0].id)
