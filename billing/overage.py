"""Connections beyond a plan, which an owner may pay for. Off until they say otherwise, and never beyond their ceiling.

Overage is counted in blocks of OVERAGE_BLOCK connections: the most that were open at once in a calendar month (UTC),
beyond the plan. The ceiling is kept by the limit itself: so many more connections may be open as it pays for.
"""

from billing.models import Subscription
from tenants.plans import OVERAGE_BLOCK


def blocks_allowed(bought: Subscription) -> int:
    """How many blocks the owner's ceiling pays for; 0 while overage is off, or nothing is being paid for."""
    price = bought.bought.overage_usd
    if not bought.overage_on or not price or bought.status not in ("active", "past_due"):
        return 0
    return bought.overage_ceiling_usd // price


def extra_connections(bought: Subscription) -> int:
    """How many connections beyond the plan may be open."""
    return blocks_allowed(bought) * OVERAGE_BLOCK
