"""Standard Webhooks signatures (standardwebhooks.com), made by the specification's own library."""

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook


def headers_for(message_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> list[tuple[str, str]]:
    """The three headers. Each secret signs: a receiver that knows one of them is content."""
    moment, text = at.astimezone(UTC), body.decode()
    signatures = [Webhook(secret).sign(message_id, moment, text) for secret in secrets]
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(moment.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    ]
