"""Connections beyond a plan, which an owner may pay for. Off until they say otherwise, and never beyond their ceiling.

Overage is counted in blocks of OVERAGE_BLOCK connections: the most that were open at once in a calendar month (UTC),
beyond the plan. The ceiling is kept by the limit itself: so many more connections may be open as it pays for.

Under one subscription and at one price a block is paid for once a month. Under the next, or at another, it is paid for
anew; what the month has cost by then is taken off the ceiling.
"""

from typing import Final

from django.utils import timezone

from billing.models import Subscription
from billing.usage import beyond, blocks_under, month_of
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
    nothing is being paid for, or nothing would bill them.

    What the month has cost under another plan, or another subscription, is no longer there to pay for them.
    """
    if not bought.overage_on or not bought.block_cents or bought.status not in ("active", "past_due"):
        return 0
    # A ceiling from before a change of plan may be more than could be asked for on this one.
    most = most_ceiling_usd(bought.bought, bought.paid_cents)
    ceiling_cents = 100 * min(bought.overage_ceiling_usd, most)
    month = month_of(timezone.now())
    _, cents = beyond(bought.tenant_id, month)
    return max(0, blocks_under(bought, month) + (ceiling_cents - cents) // bought.block_cents)


def extra_connections(bought: Subscription) -> int:
    """How many connections beyond the plan may be open."""
    return blocks_allowed(bought) * OVERAGE_BLOCK
