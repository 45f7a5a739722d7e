"""Connections beyond a plan, which an owner may pay for. Off until they say otherwise, and never beyond their ceiling.

Overage is counted in blocks of OVERAGE_BLOCK connections: the most that were open at once in a calendar month (UTC),
beyond the plan. The ceiling is kept by the limit itself: so many more connections may be open as it pays for.
"""

from typing import Final

from billing.models import Subscription
from tenants.plans import OVERAGE_BLOCK, Plan

# The highest ceiling, in months of the plan's price: at first, and once KNOWN_AFTER months' price has been paid.
_AT_FIRST: Final = 10
_LATER: Final = 100
KNOWN_AFTER: Final = 3


def most_ceiling_usd(plan: Plan, paid_cents: int) -> int:
    """The highest ceiling, in US dollars a month, for somebody who has paid so much for plans so far."""
    known = paid_cents >= KNOWN_AFTER * plan.cents("month")
    return plan.price_usd * (_LATER if known else _AT_FIRST)


def blocks_allowed(bought: Subscription) -> int:
    """How many blocks the owner's ceiling pays for, at the price by which Stripe bills them; 0 while overage is off,
    nothing is being paid for, or nothing would bill them."""
    if not bought.overage_on or not bought.block_cents or bought.status not in ("active", "past_due"):
        return 0
    # A ceiling from before a change of plan may be more than could be asked for on this one.
    most = most_ceiling_usd(bought.bought, bought.paid_cents)
    return 100 * min(bought.overage_ceiling_usd, most) // bought.block_cents


def extra_connections(bought: Subscription) -> int:
    """How many connections beyond the plan may be open."""
    return blocks_allowed(bought) * OVERAGE_BLOCK
