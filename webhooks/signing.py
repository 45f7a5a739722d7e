"""Standard Webhooks signatures (standardwebhooks.com), made by the specification's own library."""

import base64
import secrets as random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

MARK: Final = "whsec_"


def new_secret() -> str:
    """A fresh secret, as the specification writes it."""
    return MARK + base64.b64encode(random.token_bytes(32)).decode()


def headers_for(message_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> list[tuple[str, str]]:
    """The three headers. Each secret signs: a receiver that knows one of them is content."""
    moment, text = at.astimezone(UTC), body.decode()
    signatures = [Webhook(secret).sign(message_id, moment, text) for secret in secrets]
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(moment.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    ]
