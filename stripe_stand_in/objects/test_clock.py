"""Test clocks: time that moves when it is told to, and everything that is due on the way."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, invalid
from stripe_stand_in.lists import page
from stripe_stand_in.objects import customer as customers
from stripe_stand_in.parameters import Call, integer, listing, shape, text
from stripe_stand_in.routing import Route

KIND: Final = "test_helpers.test_clock"
_LIVES: Final = 30 * clock.DAY
_FURTHEST: Final = 5 * 366 * clock.DAY


def create(account: Account, call: Call) -> Json:
    if call.params["frozen_time"] < 0:
        raise invalid("frozen_time", "Invalid timestamp: must be an integer Unix timestamp.")
    made = account.new(KIND, "clock")
    made |= {
        "deletes_after": made["created"] + _LIVES,
        "frozen_time": call.params["frozen_time"],
        "name": call.get("name"),
        "status": "ready",
        "status_details": {},
    }
    return account.add(made, "test_helpers.test_clock.created")


def retrieve(account: Account, call: Call) -> Json:
    return account.get(KIND, call.id)


def advance(account: Account, call: Call) -> Json:
    """Answers at once; the time passes in the background until the status is "ready" again."""
    found = account.get(KIND, call.id)
    to = call.params["frozen_time"]
    if found["status"] != "ready":
        raise ApiError("The test clock is still advancing.", status=429, code="test_clock_advancing")
    if to <= found["frozen_time"]:
        raise invalid("frozen_time", "Advancing a test clock backwards is not possible.")
    if to - found["frozen_time"] > _FURTHEST:
        raise invalid("frozen_time", "A test clock advances by at most five years at a time.")
    found |= {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": to}}}
    account.save(found)
    account.emit("test_helpers.test_clock.advancing", found)
    return found


def arrive(account: Account, found: Json) -> None:
    """Everything on the way is done."""
    to = found["status_details"]["advancing"]["target_frozen_time"]
    found |= {"status": "ready", "frozen_time": to, "status_details": {}}
    account.save(found)
    account.emit("test_helpers.test_clock.ready", found)


def delete(account: Account, call: Call) -> Json:
    """Its customers go with it."""
    found = account.get(KIND, call.id)
    for customer in account.storage.all("customer"):
        if customer.get("test_clock") == found["id"]:
            customers.delete(account, Call(call.path, (customer["id"],)))
    return account.delete(found, "test_helpers.test_clock.deleted")


def list_(account: Account, call: Call) -> Json:
    return page(call, account.storage.all(KIND))


_TIME: Final = shape("frozen_time", frozen_time=integer)
ROUTES: Final = (
    Route(
        "POST",
        "/v1/test_helpers/test_clocks",
        create,
        shape("frozen_time", frozen_time=integer, name=text),
        "test_helpers.TestClockCreateParams",
    ),
    Route("GET", "/v1/test_helpers/test_clocks/{}", retrieve),
    Route(
        "POST",
        "/v1/test_helpers/test_clocks/{}/advance",
        advance,
        _TIME,
        "test_helpers.TestClockAdvanceParams",
    ),
    Route("DELETE", "/v1/test_helpers/test_clocks/{}", delete),
    Route("GET", "/v1/test_helpers/test_clocks", list_, listing(), "test_helpers.TestClockListParams"),
)
