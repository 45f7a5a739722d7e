"""The plan table in words, made from the very figures that are enforced."""

from collections.abc import Callable
from dataclasses import dataclass

from tenants.entitlements import Limits
from tenants.plans import MEGABYTE, OVERAGE_BLOCK, PLANS


@dataclass(frozen=True, slots=True)
class Row:
    """One limit, and its figure in every plan in the order of PLANS."""

    label: str
    note: str
    figures: list[str]


def count(value: int | None) -> str:
    return "Unlimited" if value is None else f"{value:,}"


def history(days: int | None) -> str:
    if days is None:
        return "Unlimited"
    return "1 year" if days == 365 else f"{days:,} days"


def megabytes(size: int) -> str:
    return f"{size // MEGABYTE:,} MB"


def rows() -> list[Row]:
    """The comparison on the pricing page."""

    def row(label: str, note: str, figure: Callable[[Limits], str]) -> Row:
        return Row(label, note, [figure(plan.limits) for plan in PLANS.values()])

    return [
        row("Open connections", "over the whole workspace", lambda limits: count(limits.max_connections)),
        Row(
            f"{OVERAGE_BLOCK} connections more",
            "a month, only if the owner turns it on",
            [f"${plan.overage_usd}" if plan.overage_usd else "Not for sale" for plan in PLANS.values()],
        ),
        row(
            "Connections a person",
            "tabs and devices at once",
            lambda limits: count(limits.connections_per_user),
        ),
        row("Rooms", "", lambda limits: count(limits.max_rooms)),
        row("History", "", lambda limits: history(limits.history_days)),
        row("Characters a message", "", lambda limits: count(limits.max_message_length)),
        row(
            "Messages a person in 10 seconds",
            "a guard, not a bill",
            lambda limits: count(limits.messages_per_10s),
        ),
        row("API requests a minute", "", lambda limits: count(limits.api_per_minute)),
        row("Size of a file", "", lambda limits: megabytes(limits.max_file_bytes)),
        row("Webhooks", "", lambda limits: count(limits.max_webhooks)),
    ]
