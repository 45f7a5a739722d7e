"""Events as Stripe sends them, signed, and as it keeps them for a month, to be asked for."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
import stripe
from django.conf import settings

from billing.gateway.connection import plain, speaking

# Seconds by which Stripe's clock and ours may differ; an older body may be somebody's recording.
TOLERANCE: Final = 300
# Everything that changes what `contract_of` would answer, and what is mailed about. Others are ignored when they come.
EVENTS: Final = (
    "checkout.session.completed",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.overdue",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.voided",
    "subscription_schedule.canceled",
    "subscription_schedule.released",
    "subscription_schedule.updated",
)


class Forged(Exception):
    """The body is not signed by Stripe, or not lately, or is no event."""


class Event(msgspec.Struct, frozen=True):
    """An event that is Stripe's own. `body` is the whole of it."""

    id: str
    type: str
    created: int
    body: dict[str, object]


def checked(body: bytes, signature: str) -> Event:
    """The event in a signed body. Raises Forged."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Forged("no webhook secret is configured")
    if not signature.isascii():  # which the library would compare, and fail
        raise Forged("the signature is unreadable")
    try:
        text = body.decode()
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
        whole = msgspec.json.decode(text, type=dict[str, object])
        return _event(_storable(whole) if "\\u0000" in text else whole)
    except (stripe.SignatureVerificationError, ValueError, RecursionError) as error:
        raise Forged(str(error)) from None


def sent_since(start: datetime) -> Iterator[Event]:
    """What Stripe sent, or tried to send, from a moment on, of the types that we ask for; newest first."""
    wanted = {"created": {"gte": int(start.timestamp())}, "types": list(EVENTS), "limit": 100}
    with speaking() as api:
        for event in api.events.list(wanted).auto_paging_iter():
            yield _event(plain(event))


def _storable(value: Any) -> Any:
    """Without NUL, which PostgreSQL cannot hold."""
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def _event(whole: dict[str, object]) -> Event:
    head = msgspec.convert(whole, _Head)
    return Event(head.id, head.type, head.created, whole)


class _Head(msgspec.Struct):
    id: str
    type: str
    created: int
