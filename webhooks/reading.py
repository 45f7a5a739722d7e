"""Looking at endpoints and deliveries. Runs inside the tenant's schema."""

import json
import re
from typing import Final

from django.db.models import QuerySet

from webhooks.courier.sending import body_of
from webhooks.models import Attempt, Delivery, Endpoint, Event

_DELIVERY: Final = re.compile(r"dlv_([1-9][0-9]{0,17})")
_ENDPOINT: Final = re.compile(r"wh_[0-9a-f]{16}")


def endpoint_of(public_id: str) -> Endpoint | None:
    """The endpoint with this id, or None."""
    return Endpoint.objects.filter(pk=public_id).first() if _ENDPOINT.fullmatch(public_id) else None


def deliveries() -> "QuerySet[Delivery]":
    """Those of endpoints that are still there, the newest event first."""
    return Delivery.objects.select_related("event", "endpoint").order_by("-event_id")


def delivery_of(public_id: str) -> Delivery | None:
    """The delivery with this id, or None; also where its endpoint was deleted."""
    found = _DELIVERY.fullmatch(public_id)
    return deliveries().filter(pk=int(found[1])).first() if found else None


def attempts_of(delivery: Delivery) -> list[Attempt]:
    """Every attempt, the first one first; of very many, the newest 100."""
    newest = Attempt.objects.filter(delivery_id=delivery.pk).order_by("-id")[:100]
    return list(newest)[::-1]


def body_in_lines(event: Event) -> str:
    """What is sent of an event, laid out for people."""
    sent = json.loads(body_of(event.type, event.created_at, event.data))
    return json.dumps(sent, indent=2, ensure_ascii=False)
