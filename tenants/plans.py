"""The plan table: the pricing page, the limits and the docs all read this one source."""

from dataclasses import dataclass
from typing import Final

from tenants.entitlements import Limits

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """One row of the price list. `price_usd` is whole US dollars a month."""

    key: str
    name: str
    price_usd: int
    tagline: str
    limits: Limits


PLANS: Final[dict[str, Plan]] = {
    plan.key: plan
    for plan in (
        Plan(
            key="free",
            name="Free",
            price_usd=0,
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
