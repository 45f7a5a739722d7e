"""What meters counted."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from stripe_stand_in import Json
from stripe_stand_in.account import Account


def is_number(value: str | None) -> bool:
    try:
        return value is not None and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def total(account: Account, meter: Json, customer: str, start: int, end: int) -> Decimal:
    """A customer's events from `start` up to, not at, `end`, added up as the meter says."""
    events = [
        one
        for one in account.storage.all("billing.meter_event", customer)
        if one["_meter"] == meter["id"] and start <= one["timestamp"] < end
    ]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(events))
    if formula == "last":
        latest = max(events, key=lambda one: int(one["timestamp"]), default=None)
        return Decimal(latest["_value"]) if latest else Decimal(0)
    return sum((Decimal(one["_value"]) for one in events), Decimal(0))
