"""How a workspace stands with its plan, in one glance: what holds, until when, and the one thing to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from billing.actions import Drawn
from billing.models.subscription import GRACE
from billing.reading import Billing
from console.money import exact, usd
from tenants.directory import TenantInfo
from tenants.plans import TRIAL_DAYS, Interval, Plan

Act = Literal["", "pay", "keep", "reactivate"]
# Where a plan runs to the end of its period.
LAST_INVOICE: Final = (
    "Connections beyond the plan that are used until then and not billed yet come on a last invoice."
)

BACK_ONCE_PAID: Final = "Until then you can take this back, once what is open is paid."
ANSWER_US: Final = "If that is not right, answer any of our mails."


@dataclass(frozen=True, slots=True)
class Standing:
    """The head of the billing page. `tone` colours the badge; `act` is the button beside it."""

    badge: str
    tone: Literal["", "ok", "accent", "warn", "danger"]
    title: str
    lines: tuple[str, ...]
    act: Act = ""


def standing_of(tenant: TenantInfo, billing: Billing) -> Standing:
    """The first of these that is true; what is owed comes before what is booked."""
    name = billing.plan.name
    if tenant.state == "suspended":
        return _suspended(tenant, billing)
    if billing.standing == "past_due":
        return _past_due(billing)
    if billing.ends_at:
        trial = "Nothing is charged for the trial. " if billing.trial_ends else ""
        last = f"{LAST_INVOICE} " if billing.overage_on else ""
        back = f" {BACK_ONCE_PAID}" if billing.invoice else ""
        words = f"{trial}{last}Then the workspace goes on as Free. Everything in it stays.{back}"
        title = f"{name} until {day(billing.ends_at)}"
        act: Act = "" if billing.invoice else "reactivate"
        return Standing("Cancelled", "warn", title, (words,), act)
    if billing.next_plan and billing.next_at:
        coming = f"{billing.next_plan.name}, {price(billing.next_plan, billing.next_interval)}"
        words = f"Until then {name} stays as it is."
        return Standing("Change booked", "accent", f"{coming}, from {day(billing.next_at)}", (words,), "keep")
    if billing.trial_ends:
        return _on_trial(billing)
    if billing.subscribed:
        return _paid(billing)
    if billing.plan.paid:
        return Standing(
            "Set by us", "", name, (f"{name} was set up for you. Nothing is charged for it here.",)
        )
    after = "The paid plan has ended. " if billing.standing == "ended" else ""
    charged = "Nothing more is charged for it." if billing.invoice else "Nothing is charged."
    return Standing("No charge", "", "Free", (f"{after}{charged}",))


def _suspended(tenant: TenantInfo, billing: Billing) -> Standing:
    title = f"{tenant.name} is suspended"
    if billing.standing != "suspended":
        closed = "We have closed this workspace. Answer any of our mails, and we look at it together."
        return Standing("Suspended", "danger", title, (closed,))
    since = f" since {day(billing.past_due_since)}" if billing.past_due_since else ""
    name = billing.owed_for.name
    lines = (
        f"The payment for {name} has been open{since}, so the chat is closed to visitors.",
        open_invoice(billing),
        f"{_all_due(billing)}{_ended(billing) or _opens_again(billing)} Nothing has been deleted.",
        _kept_until(billing) or _leaving(billing) or _goes_on(billing),
        ANSWER_US,
    )
    return Standing("Suspended", "danger", title, tuple(line for line in lines if line), "pay")


def _past_due(billing: Billing) -> Standing:
    left = billing.grace_days_left
    failed = f"The card payment for {billing.owed_for.name} did not go through. "
    if billing.invoice and billing.invoice.by_mail:
        failed = ""
    so_far = "Your visitors notice nothing so far." if billing.plan.paid else "The limits of Free hold."
    lines = (
        f"{failed}{open_invoice(billing)} {_all_due(billing)}".strip(),
        f"{so_far} Unpaid, the workspace is {_suspended_on(billing)}. Nothing is deleted.",
        _kept_until(billing)
        or _leaving(billing)
        or _goes_on(billing)
        or (_ended(billing) if billing.over else ""),
        ANSWER_US,
    )
    return Standing(
        "Past due", "danger", f"{days(left)} left to pay", tuple(line for line in lines if line), "pay"
    )


def _all_due(billing: Billing) -> str:
    """What is to be paid in all, where that is more than the invoice that is named."""
    found = billing.invoice
    if found is None or found.due_count < 2:
        return ""
    return f"{found.due_count} invoices are due, {exact(found.due_cents)} in all. "


def _opens_again(billing: Billing) -> str:
    """Whoever owes has their days from the oldest invoice on: a later one that is due alone closes nothing yet."""
    found = billing.invoice
    if found and found.due_count > 1:
        return f"It opens again {_none_is_late()}."
    if found and found.count > 1:
        return "Paying this one opens it again at once."
    return "Paying opens it again at once."


def _none_is_late() -> str:
    return f"as soon as none is more than {days(GRACE.days)} overdue"


def _suspended_on(billing: Billing) -> str:
    """`suspended on 13 December 2026`, where the day is known."""
    return f"suspended on {day(billing.suspends_at)}" if billing.suspends_at else "suspended"


def _kept_until(billing: Billing) -> str:
    """By when paying keeps the plan, where Stripe would end it."""
    at, name = billing.ends_unpaid_at, billing.owed_for.name
    if at is None:
        return ""
    by = f"by about {day(at)}" if at > billing.now else "now"
    return f"Pay {by} to keep {name}. After that {name} ends, and paying opens the workspace as Free."


def _leaving(billing: Billing) -> str:
    """Where an earlier invoice is owed: the plan is cancelled, and goes on once that is paid."""
    if billing.ends_at is None:
        return ""
    return f"{billing.plan.name} is cancelled, and goes on until {day(billing.ends_at)}. {BACK_ONCE_PAID}"


def _goes_on(billing: Billing) -> str:
    """What else is asked for meanwhile, where no end of the plan is near: being suspended does not stop it."""
    if not billing.collected_for:
        return ""
    how = "come by mail" if billing.by_invoice else "are charged to the card"
    return f"{billing.plan.name} goes on meanwhile, and its next invoices {how} unless you cancel the plan."


def _ended(billing: Billing) -> str:
    """What paying still brings once the plan has ended."""
    name = billing.owed_for.name
    if billing.status != "canceled":
        return ""
    return f"{name} has ended meanwhile: paying opens the workspace as Free, and {name} can be bought anew."


def _on_trial(billing: Billing) -> Standing:
    assert billing.trial_ends is not None
    left = min(TRIAL_DAYS, max(0, -(-int((billing.trial_ends - billing.now).total_seconds()) // 86_400)))
    mailed = " An invoice comes by mail then, due within 30 days; no card is charged."
    how = mailed if billing.by_invoice else ""
    words = (
        f"The trial ends on {day(billing.trial_ends)}."
        f" Then it is {price(billing.plan, billing.interval)}.{how}"
    )
    return Standing("Trial", "accent", f"{billing.plan.name}, {days(left)} of trial left", (words,))


def _paid(billing: Billing) -> Standing:
    title = f"{billing.plan.name}, {price(billing.plan, billing.interval)}"
    renews = f"Renews on {day(billing.renews_at)}." if billing.renews_at else "Paid."
    how = "Invoices come by mail." if billing.by_invoice else "The card is charged then."
    return Standing("Active", "ok", title, (f"{renews} {how}",))


def open_invoice(billing: Billing, named: int = 0) -> str:
    """What is unpaid, in a sentence: `Invoice SNUG-0001 over $49.00 is open, due on 6 December 2026.` Of the others,
    `named` are spoken of elsewhere."""
    found = billing.invoice
    if found is None:
        return ""
    over, at = exact(found.cents), day(found.due)
    if not found.number:
        return f"An invoice over {over} is on its way by mail, within the hour. It is due on {at}."
    if found.due > billing.now:
        words = f"Invoice {found.number} over {over} is open, due on {at}."
    elif found.by_mail:
        words = f"Invoice {found.number} over {over} was due on {at} and is not paid."
    else:
        words = f"Invoice {found.number} of {at} over {over} is not paid."
    more = found.count - 1 - named
    return f"{words} {more} more {'is' if more == 1 else 'are'} open too." if more > 0 else words


def unpaid_on_leaving(billing: Billing, drawn: Sequence[Drawn]) -> str:
    """What is unpaid where the plan is cancelled now, in sentences: what is open, and what is `drawn` up already."""
    if billing.invoice and not billing.invoice.number:  # a draft by mail, the first of what is open
        drawn = [one for one in drawn if not one.by_mail]
    unpaid = open_invoice(billing, named=sum(one.by_mail for one in drawn))
    article, when = (
        "Another" if unpaid else "An",
        "when you cancel" if billing.ends_at_once else "within the hour",
    )
    said = (unpaid, drawn_up(drawn, billing.credit_cents, article, when), _until_paid(billing))
    return " ".join(words for words in said if words)


def _until_paid(billing: Billing) -> str:
    """Where something is owed: how the workspace stands after the plan is cancelled, until that is paid."""
    found, free = billing.invoice, billing.ends_at_once
    which = f"invoice {found.number}" if found and found.number else "what is open"
    if billing.standing == "suspended":
        if found and found.due_count > 1:
            return f"{_all_due(billing)}The workspace opens again {_none_is_late()}{', as Free' if free else ''}."
        return f"The workspace stays suspended until {which} is paid{', and is Free then' if free else ''}."
    if billing.standing == "past_due":
        return f"The workspace is {'Free, and is ' if free else ''}{_suspended_on(billing)} unless {which} is paid."
    return ""


def drawn_up(
    drawn: Sequence[Drawn], credit_cents: int, article: str = "An", when: str = "within the hour"
) -> str:
    """What Stripe has drawn up, and what comes of it `when`, in sentences; credit pays of it what it can."""
    said = []
    for one in drawn:
        used = min(credit_cents, one.cents)
        credit_cents -= used
        part = f", of which your credit pays {exact(used)}" if used else ""
        then = f"{part}: {'it goes out by mail' if one.by_mail else 'your card is charged for it'} {when}"
        if used == one.cents:
            then = ", and your credit pays it"
        said.append(f"{article} invoice over {exact(one.cents)} is drawn up already{then}.")
    return " ".join(said)


def price(plan: Plan, interval: Interval | None) -> str:
    """`$49 a month`."""
    by = interval or "month"
    return f"{usd(plan.cents(by))} a {by}"


def day(moment: datetime) -> str:
    """A moment as a date in UTC: 6 December 2026."""
    return f"{moment.day} {moment:%B %Y}"


def days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
