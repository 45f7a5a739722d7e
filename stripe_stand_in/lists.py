"""Pages of lists."""

from __future__ import annotations

from stripe_stand_in import Json
from stripe_stand_in.errors import ApiError, not_found
from stripe_stand_in.parameters import Call
from stripe_stand_in.rendering import listing


def page(call: Call, things: list[Json]) -> Json:
    """A page of things that are given newest first, as `limit`, `starting_after` and `ending_before` ask."""
    limit = call.get("limit", 10)
    if not 1 <= limit <= 100:
        raise ApiError(
            "Invalid limit: must be between 1 and 100", code="parameter_invalid_integer", param="limit"
        )
    after, before = call.get("starting_after"), call.get("ending_before")
    if after:
        things = things[_place(things, after, "starting_after") + 1 :]
    if before:
        earlier = things[: _place(things, before, "ending_before")]
        return listing(earlier[-limit:], call.path, len(earlier) > limit)
    return listing(things[:limit], call.path, len(things) > limit)


def _place(things: list[Json], id_: str, param: str) -> int:
    for place, thing in enumerate(things):
        if thing["id"] == id_:
            return place
    raise not_found("object", id_, param)


def matching(call: Call, things: list[Json], *names: str) -> list[Json]:
    """Those whose fields are what the parameters of the same names say; `created` and the like may be ranges."""
    wanted = {name: call.params[name] for name in names if name in call.params}
    return [thing for thing in things if all(_fits(thing.get(name), want) for name, want in wanted.items())]


def _fits(value: object, want: object) -> bool:
    if not isinstance(want, dict):
        return value == want
    if not isinstance(value, int):
        return False
    return bool(
        value > want.get("gt", value - 1)
        and value >= want.get("gte", value)
        and value < want.get("lt", value + 1)
        and value <= want.get("lte", value)
    )
