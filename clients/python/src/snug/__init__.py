"""Snug chat, from your own server."""

from snug.client import Snug
from snug.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    SnugError,
    Unauthenticated,
    Unavailable,
)
from snug.webhooks import BadSignature, Event, verify_webhook

__all__ = [
    "BadSignature",
    "Conflict",
    "Event",
    "Forbidden",
    "Invalid",
    "NotFound",
    "RateLimited",
    "Snug",
    "SnugError",
    "Unauthenticated",
    "Unavailable",
    "verify_webhook",
]
