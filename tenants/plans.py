"""The plan table: the pricing page, the limits, Stripe's prices and the docs all read this one source.

A plan that changes gets a new `version`, and the one before moves to `EARLIER`: who bought it keeps its limits and its
price until they are moved. `manage.py sync_stripe` brings Stripe's prices up to date.
"""

from dataclasses import dataclass
from typing import Final, Literal

from tenants.entitlements import Limits

MEGABYTE: Final = 1024 * 1024
TRIAL_DAYS: Final = 14
# Connections beyond a plan are counted, and paid for, by this many.
OVERAGE_BLOCK: Final = 100
# Open at once on the test side of a workspace, whatever its plan: it is for trying out, and nobody pays for it.
TEST_CONNECTIONS: Final = 50

Interval = Literal["month", "year"]
INTERVALS: Final[tuple[Interval, ...]] = ("month", "year")


def blocks_beyond(limit: int, connections: int) -> int:
    """How many blocks of overage `connections` open at once are beyond `limit`; a block that is begun counts."""
    return -(-max(0, connections - limit) // OVERAGE_BLOCK)


@dataclass(frozen=True, slots=True)
class Plan:
    """One row of the price list.

    `price_usd` is whole US dollars a month, `yearly_usd` a year. `overage_usd` is for OVERAGE_BLOCK connections beyond
    the plan in a calendar month (UTC); None where the plan's limit is the end.
    """

    key: str
    name: str
    price_usd: int
    yearly_usd: int
    tagline: str
    limits: Limits
    overage_usd: int | None = None
    version: int = 1

    @property
    def paid(self) -> bool:
        return self.price_usd > 0

    def cents(self, interval: Interval) -> int:
        """The price of one month or one year, in US cents."""
        return 100 * (self.yearly_usd if interval == "year" else self.price_usd)

    def blocks(self, connections: int) -> int:
        """How many blocks of overage `connections` open at once are beyond this plan."""
        return blocks_beyond(self.limits.max_connections, connections)


PLANS: Final[dict[str, Plan]] = {
    plan.key: plan
    for plan in (
        Plan(
            key="free",
            name="Free",
            price_usd=0,
            yearly_usd=0,
            tagline="For a first site and for trying things out.",
            limits=Limits(
                max_connections=100,
                connections_per_user=5,
                max_message_length=1_000,
                messages_per_10s=20,
                max_rooms=20,
                history_days=30,
                api_per_minute=120,
                max_file_bytes=5 * MEGABYTE,
                max_webhooks=1,
            ),
        ),
        Plan(
            key="pro",
            name="Pro",
            price_usd=49,
            yearly_usd=490,
            overage_usd=6,
            tagline="For a product with customers in it.",
            limits=Limits(
                max_connections=1_000,
                connections_per_user=10,
                max_message_length=2_000,
                messages_per_10s=50,
                max_rooms=500,
                history_days=365,
                api_per_minute=1_200,
                max_file_bytes=25 * MEGABYTE,
                max_webhooks=10,
            ),
        ),
        Plan(
            key="business",
            name="Business",
            price_usd=299,
            yearly_usd=2_990,
            overage_usd=4,
            tagline="For a busy community, with room to spare.",
            limits=Limits(
                max_connections=10_000,
                connections_per_user=20,
                max_message_length=10_000,
                messages_per_10s=100,
                max_rooms=None,
                history_days=None,
                api_per_minute=6_000,
                max_file_bytes=100 * MEGABYTE,
                max_webhooks=50,
            ),
        ),
    )
}
# What can no longer be bought, by key and version, for those who did.
EARLIER: Final[dict[tuple[str, int], Plan]] = {}


def plan_of(key: str, version: int | None = None) -> Plan:
    """A plan as it was bought, or as it is sold now where no version is named, or one that never was. An unknown key
    counts as free, so a typo never opens the gates."""
    current = PLANS.get(key, PLANS["free"])
    if version is None or version == current.version:
        return current
    return EARLIER.get((key, version), current)


def every_version() -> list[Plan]:
    """All plans that somebody may be on."""
    return [*PLANS.values(), *EARLIER.values()]
