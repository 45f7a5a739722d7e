"""What stands above the console's pages until it is settled: an open payment, a trial's end, a limit reached."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from accounts.models import Member
from billing.reading import Billing, billing_of, usage
from console.standing import day, days, price
from tenants.directory import TenantInfo

SOON: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Banner:
    """One thing to know. `act` is the button for the owner: pay, or go to the billing page."""

    tone: Literal["warn", "danger"]
    title: str
    words: str
    act: Literal["", "pay", "billing"]
    button: str = ""


def banners(tenant: TenantInfo, member: Member) -> list[Banner]:
    """Everybody is told what touches their work; what is the owner's to do is offered to the owner."""
    owner = member.role == Member.Role.OWNER
    billing = billing_of(tenant)
    found = [_debt(billing, owner)] if billing.standing == "past_due" else []
    if owner and billing.trial_ends and not billing.ends_at and billing.trial_ends - billing.now <= SOON:
        found.append(_trial(billing))
    return found + _limits(tenant, owner)


def _debt(billing: Billing, owner: bool) -> Banner:
    left = billing.grace_days_left
    until = f", on {day(billing.suspends_at)}" if billing.suspends_at else ""
    words = f"Unpaid, the workspace is suspended in {days(left)}{until}. Nothing is deleted."
    if not owner:
        words += " The owner can settle it."
    return Banner("danger", "A payment is open.", words, "pay" if owner else "", "Pay now")


def _trial(billing: Billing) -> Banner:
    assert billing.trial_ends is not None
    how = " An invoice comes by mail." if billing.by_invoice else ""
    words = f"Then it is {price(billing.plan, billing.interval)}.{how} Cancel before, and nothing is charged."
    title = f"The trial of {billing.plan.name} ends on {day(billing.trial_ends)}."
    return Banner("warn", title, words, "billing", "See the plan")


def _limits(tenant: TenantInfo, owner: bool) -> list[Banner]:
    found = []
    for each in usage(tenant):
        if each.most is None or each.now is None or each.now < each.most:
            continue
        further = "no further room can be made" if each.key == "rooms" else "further visitors have to wait"
        words = f"{each.now:,} of {each.most:,} are in use: {further}."
        title = f"{each.label} are {'over' if each.now > each.most else 'at'} the plan’s limit."
        found.append(Banner("warn", title, words, "billing" if owner else "", "See plans"))
    return found
