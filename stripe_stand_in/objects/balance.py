"""The account's balance: always nothing. It is what a client asks to see whether its key works."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.parameters import Call
from stripe_stand_in.routing import Route


def retrieve(account: Account, call: Call) -> Json:
    nothing = {"amount": 0, "currency": "usd", "source_types": {"card": 0}}
    return {"object": "balance", "available": [nothing], "livemode": False, "pending": [nothing]}


ROUTES: Final = (Route("GET", "/v1/balance", retrieve),)
