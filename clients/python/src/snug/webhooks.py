"""Webhooks: whether they are Snug's, and what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class BadSignature(Exception):
    """It is not from Snug, was changed on its way, or is over five minutes old. Answer 400 and do nothing."""


class Event(NamedTuple):
    """What happened. The same `id` may come again: keep those you have dealt with."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


def verify_webhook(body: bytes, headers: Mapping[str, str], secret: str) -> Event:
    """The event in a request's raw `body`. Raises BadSignature."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        Webhook(secret).verify(body.decode(), named)
    except (WebhookVerificationError, UnicodeDecodeError, ValueError) as error:
        raise BadSignature(str(error)) from error
    said = json.loads(body)
    return Event(named["webhook-id"], said["type"], said["timestamp"], said["data"])
