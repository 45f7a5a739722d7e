"""Events, as a client that missed a webhook reads them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.lists import matching, page
from stripe_stand_in.parameters import Call, boolean, listing, many, text, time_filter
from stripe_stand_in.routing import Route


def retrieve(account: Account, call: Call) -> Json:
    return account.get("event", call.id)


def list_(account: Account, call: Call) -> Json:
    """Newest first. `type` may end in `*`; `delivery_success` asks whether every endpoint has taken it."""
    events = matching(call, account.storage.all("event"), "created")
    wanted = call.get("types") or [call.get("type") or "*"]
    events = [one for one in events if any(fnmatch(one["type"], str(pattern)) for pattern in wanted)]
    if "delivery_success" in call.params:
        events = [one for one in events if (one["pending_webhooks"] == 0) == call.params["delivery_success"]]
    return page(call, events)


ROUTES: Final = (
    Route("GET", "/v1/events/{}", retrieve),
    Route(
        "GET",
        "/v1/events",
        list_,
        listing(type=text, types=many(text), created=time_filter, delivery_success=boolean),
        "EventListParams",
    ),
)
