"""Phases of subscription schedules."""

from __future__ import annotations

from typing import Any, Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.errors import invalid, missing_parameter
from stripe_stand_in.objects import plan, subscription_item
from stripe_stand_in.objects.subscription_item import PRORATION
from stripe_stand_in.parameters import (
    Shape,
    choice,
    count,
    either,
    integer,
    many,
    metadata,
    natural,
    shape,
    text,
)

NEW: Final = shape(
    "items",
    currency=text,
    duration=shape("interval", interval=choice("day", "week", "month", "year"), interval_count=count),
    end_date=either(("now",), integer),
    items=many(shape(price=text, quantity=natural, metadata=metadata)),
    metadata=metadata,
    proration_behavior=PRORATION,
    trial_end=integer,
)
# An update names where a phase begins; those of a new schedule follow each other.
PHASE: Final = Shape({**NEW.fields, "start_date": either(("now",), integer)}, NEW.required)
_UNSET: Final = (
    "application_fee_percent billing_cycle_anchor billing_thresholds collection_method "
    "default_payment_method description invoice_settings on_behalf_of transfer_data"
).split()


def make(account: Account, start: int, end: int, items: list[Json], given: Json | None = None) -> Json:
    """A phase; items as `{price, quantity?, metadata?}`."""
    given = given or {}
    shown = []
    for number, item in enumerate(items):
        found = subscription_item.price_of(account, item, f"phases[items][{number}]")
        one = {
            "billing_thresholds": None,
            "discounts": [],
            "metadata": item.get("metadata", {}),
            "plan": plan.of(found)["id"],
            "price": found["id"],
            "tax_rates": [],
        }
        if found["recurring"]["usage_type"] == "licensed":
            one["quantity"] = item.get("quantity", 1)
        shown.append(one)
    return dict.fromkeys(_UNSET) | {
        "add_invoice_items": [],
        "currency": account.get("price", shown[0]["price"])["currency"],
        "default_tax_rates": [],
        "discounts": [],
        "end_date": end,
        "items": shown,
        "metadata": {key: value for key, value in given.get("metadata", {}).items() if key and value},
        "proration_behavior": given.get("proration_behavior", "create_prorations"),
        "start_date": start,
        "trial_end": given.get("trial_end"),
    }


def all_of(account: Account, given: list[Json], begin: int, now: int, known: list[Json]) -> list[Json]:
    """The phases of a call; each begins where the one before ends."""
    if not given:
        raise missing_parameter("phases")
    phases: list[Json] = []
    for number, one in enumerate(given):
        name = f"phases[{number}]"
        start: Any = one.get("start_date", phases[-1]["end_date"] if phases else begin)
        start = now if start == "now" else start
        if phases and start != phases[-1]["end_date"]:
            raise invalid(f"{name}[start_date]", "The start of a phase must be the end of the one before.")
        if not one["items"]:
            raise missing_parameter(f"{name}[items]")
        end: Any = one.get("end_date")
        end = now if end == "now" else end
        if end is None:
            rhythm = one.get("duration") or account.get("price", one["items"][0]["price"], name)["recurring"]
            end = clock.later(start, rhythm["interval"], rhythm.get("interval_count", 1))
        if end <= start:
            raise invalid(f"{name}[end_date]", "The end of a phase must be after its start.")
        phases.append(make(account, start, end, one["items"], one))
    past = [one for one in known if one["end_date"] <= now and one["end_date"] <= phases[0]["start_date"]]
    return past + phases
