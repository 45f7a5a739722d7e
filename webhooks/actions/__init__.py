"""The verbs of this room. All of them run inside the tenant's schema."""

from webhooks.actions.emit import emit
from webhooks.actions.endpoints import (
    WebhookLimitReached,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    disable,
    rotate_secret,
)
from webhooks.actions.sending import EndpointIsOff, replay, send_test

__all__ = [
    "EndpointIsOff",
    "WebhookLimitReached",
    "change_endpoint",
    "create_endpoint",
    "delete_endpoint",
    "disable",
    "emit",
    "replay",
    "rotate_secret",
    "send_test",
]
