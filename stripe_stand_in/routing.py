"""Which function answers which call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError
from stripe_stand_in.parameters import Call, Shape, many, text

Handler = Callable[[Account, Call], Json]


@dataclass(frozen=True)
class Route:
    """`path` names ids as `{}`. `named` is the type of stripe-python that says what Stripe takes (for a test)."""

    method: str
    path: str
    handler: Handler
    takes: Shape = field(default_factory=lambda: Shape({}))
    named: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.path.replace("{}", "([^/]+)") + r"/?\Z")

    @cached_property
    def shape(self) -> Shape:
        return Shape({**self.takes.fields, "expand": many(text)}, self.takes.required)


def find(routes: Iterable[Route], method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route and the ids in the path; a fixed path goes before one with an id in the same place."""
    found = [
        (route, match.groups())
        for route in routes
        if route.method == method and (match := route.pattern.match(path))
    ]
    if not found:
        raise ApiError(
            f"Unrecognized request URL ({method}: {path}). If Stripe has it, it is missing in the stand-in.",
            status=404,
        )
    return min(found, key=lambda one: len(one[1]))
