"""Whether an event is Stripe's."""

from typing import Final

import msgspec
import stripe
from django.conf import settings

# Seconds by which Stripe's clock and ours may differ; an older body may be somebody's recording.
TOLERANCE: Final = 300


class Forged(Exception):
    """The body is not signed by Stripe, or not lately, or is no event."""


class SignedEvent(msgspec.Struct, frozen=True):
    """An event as it was sent. `body` is the whole of it."""

    id: str
    type: str
    created: int
    body: dict[str, object]


def checked(body: bytes, signature: str) -> SignedEvent:
    """The event in a signed body. Raises Forged."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Forged("no webhook secret is configured")
    try:
        text = body.decode()
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
        whole = msgspec.json.decode(text, type=dict[str, object])
        event = msgspec.convert(whole, _Head)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise Forged(str(error)) from None
    return SignedEvent(event.id, event.type, event.created, whole)


class _Head(msgspec.Struct):
    id: str
    type: str
    created: int
