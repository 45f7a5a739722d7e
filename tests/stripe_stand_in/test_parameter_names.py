"""The stand-in takes no parameter that Stripe does not have: its lists are held against stripe-python's own types."""

from __future__ import annotations

import re
from typing import Any

import pytest
import stripe
import stripe.params
import stripe.params.billing
import stripe.params.billing_portal
import stripe.params.checkout
import stripe.params.test_helpers
from typing_extensions import is_typeddict

from stripe_stand_in.objects import routes
from stripe_stand_in.parameters import Reader, Shape, integer, many, shape, text, unset_or
from stripe_stand_in.routing import Route

NAMED = [route for route in routes() if route.named]


def typed_dict(name: str) -> Any:
    """A type of stripe-python's by the name after `stripe.params.`."""
    place: Any = stripe.params
    for part in name.split("."):
        place = getattr(place, part)
    return place


def fields_of(class_: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(class_.__mro__ if hasattr(class_, "__mro__") else [class_]):
        found |= getattr(base, "__annotations__", {})
    return found


def inner_type(class_: Any, hint: Any) -> Any:
    """The TypedDict that a field holds, alone or in a list, if any."""
    module = __import__(class_.__module__, fromlist=["x"])
    for name in re.findall(r"\w+", str(hint)):
        found = getattr(module, name, None)
        if is_typeddict(found) and name != class_.__name__:
            return found
    return None


def inner_shape(reader: Reader) -> Shape | None:
    """The shape that a reader reads, alone or in a list."""
    if isinstance(reader, Shape):
        return reader
    for cell in getattr(reader, "__closure__", None) or ():
        if (found := inner_shape(cell.cell_contents)) is not None:
            return found
    return None


def unknown(taken: Shape, class_: Any, path: str = "") -> list[str]:
    known = fields_of(class_)
    wrong = []
    for name, reader in taken.fields.items():
        if name not in known:
            wrong.append(f"{path}{name}")
        elif (inner := inner_shape(reader)) is not None:
            type_ = inner_type(class_, known[name])
            if type_ is not None:
                wrong += unknown(inner, type_, f"{path}{name}.")
    return wrong


@pytest.mark.parametrize("route", NAMED, ids=lambda route: f"{route.method} {route.path}")
def test_a_call_takes_only_what_stripe_takes(route: Route) -> None:
    assert unknown(route.takes, typed_dict(route.named)) == []


def test_every_call_that_takes_something_is_held_against_stripe() -> None:
    assert [route.path for route in routes() if route.takes.fields and not route.named] == [
        "/v1/checkout/sessions/{}/line_items"
    ]


def test_an_invented_parameter_is_found_on_every_level() -> None:
    taken = shape(customer=text, items=unset_or(many(shape(price=text, colour=integer))), mood=text)
    assert unknown(taken, stripe.params.SubscriptionCreateParams) == ["items.colour", "mood"]
