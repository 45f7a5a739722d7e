"""Prices and quantities into whole cents."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from math import ceil, floor
from typing import Any

from stripe_stand_in import Json


def cents(exact: Decimal) -> int:
    """Rounded half away from zero, as Stripe rounds a line."""
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def of(price: Json, quantity: Decimal | int) -> int:
    """What a quantity of a price costs, in cents."""
    units = Decimal(quantity)
    if bundle := price["transform_quantity"]:
        packs = units / bundle["divide_by"]
        units = Decimal(ceil(packs) if bundle["round"] == "up" else floor(packs))
    if price["billing_scheme"] == "per_unit":
        return cents(Decimal(price["unit_amount_decimal"]) * units)
    return cents(
        _graduated(price["_tiers"], units)
        if price["tiers_mode"] == "graduated"
        else _volume(price["_tiers"], units)
    )


def _number(value: Any) -> Decimal:
    return Decimal(value) if value is not None else Decimal(0)


def _graduated(tiers: list[Json], units: Decimal) -> Decimal:
    """Each unit at the price of its own tier."""
    total, start = Decimal(0), Decimal(0)
    for tier in tiers:
        end = units if tier["up_to"] is None else min(units, Decimal(tier["up_to"]))
        if end > start or (start == 0 and units == 0):
            total += _number(tier["flat_amount_decimal"]) + _number(tier["unit_amount_decimal"]) * (
                end - start
            )
        start = max(start, end)
        if units <= start:
            break
    return total


def _volume(tiers: list[Json], units: Decimal) -> Decimal:
    """All units at the price of the tier that the whole falls into."""
    for tier in tiers:
        if tier["up_to"] is None or units <= tier["up_to"]:
            return _number(tier["flat_amount_decimal"]) + _number(tier["unit_amount_decimal"]) * units
    return Decimal(0)
