"""Webhook endpoints: the one that the stand-in is started with, and those that are registered."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import API_VERSION, Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.lists import page
from stripe_stand_in.parameters import (
    Call,
    Reader,
    boolean,
    listing,
    many,
    metadata,
    shape,
    text,
    url,
    with_metadata,
)
from stripe_stand_in.routing import Route

BY_FLAG: Final = "we_of_the_command_line"
_FIELDS: Final[dict[str, Reader]] = {
    "description": text,
    "enabled_events": many(text),
    "metadata": metadata,
    "url": url,
}


def make(account: Account, url: str, secret: str, events: list[str], id_: str | None = None) -> Json:
    endpoint = account.new("webhook_endpoint", "we") | {
        "api_version": API_VERSION,
        "application": None,
        "description": None,
        "enabled_events": events,
        "metadata": {},
        "status": "enabled",
        "url": url,
        "_secret": secret,
    }
    endpoint["id"] = id_ or endpoint["id"]
    return account.add(endpoint)


def create(account: Account, call: Call) -> Json:
    """The secret is told once, here."""
    given = call.params
    secret = f"whsec_{ids.letters(32)}"
    endpoint = make(account, given["url"], secret, given["enabled_events"])
    endpoint["description"] = given.get("description")
    with_metadata(endpoint, given.get("metadata"))
    account.storage.put(endpoint)
    return endpoint | {"secret": secret}


def retrieve(account: Account, call: Call) -> Json:
    return account.get("webhook_endpoint", call.id)


def update(account: Account, call: Call) -> Json:
    endpoint = account.get("webhook_endpoint", call.id)
    for name in ("description", "enabled_events", "url"):
        if name in call.params:
            endpoint[name] = call.params[name]
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    with_metadata(endpoint, call.get("metadata"))
    return account.save(endpoint)


def delete(account: Account, call: Call) -> Json:
    return account.delete(account.get("webhook_endpoint", call.id))


def list_(account: Account, call: Call) -> Json:
    return page(call, account.storage.all("webhook_endpoint"))


ROUTES: Final = (
    Route(
        "POST",
        "/v1/webhook_endpoints",
        create,
        shape("enabled_events", "url", api_version=text, **_FIELDS),
        "WebhookEndpointCreateParams",
    ),
    Route("GET", "/v1/webhook_endpoints/{}", retrieve),
    Route(
        "POST",
        "/v1/webhook_endpoints/{}",
        update,
        shape(disabled=boolean, **_FIELDS),
        "WebhookEndpointUpdateParams",
    ),
    Route("DELETE", "/v1/webhook_endpoints/{}", delete),
    Route("GET", "/v1/webhook_endpoints", list_, listing(), "WebhookEndpointListParams"),
)
