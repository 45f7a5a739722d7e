"""Sending by hand: a test, or once more what was sent before."""

from django.db import transaction
from django.utils import timezone

from tenants import bell
from tenants.context import schema_connection
from webhooks.actions.emit import owe
from webhooks.bell import NAME
from webhooks.models import Delivery, Endpoint
from webhooks.types import TEST


class EndpointIsOff(Exception):
    """Nothing is sent to an endpoint that is switched off."""


def send_test(endpoint: Endpoint) -> Delivery:
    """Owe it an event that says nothing, in a lane of its own: it waits for nothing else. Raises EndpointIsOff."""
    _check_on(endpoint)
    with transaction.atomic():
        (delivery,) = owe([endpoint.pk], TEST, {"message": "This is a test."})
        Delivery.objects.filter(pk=delivery.pk).update(lane=-delivery.pk)
    return delivery


def replay(delivery: Delivery) -> None:
    """Send it once more, in a lane of its own: it holds up nothing, and may come after newer ones of its room.

    What is still waiting for its next attempt is tried now, in its place. Raises EndpointIsOff.
    """
    _check_on(delivery.endpoint)
    now = timezone.now()
    with transaction.atomic():
        mine = Delivery.objects.select_for_update().filter(pk=delivery.pk)
        if mine.filter(state=Delivery.State.PENDING).exists():
            mine.update(next_at=now)
        else:
            mine.update(
                state=Delivery.State.PENDING,
                lane=-delivery.pk,
                attempts=0,
                first_at=None,
                claimed_until=None,
                next_at=now,
            )
        bell.ring(NAME, schema_connection().schema_name)
    delivery.refresh_from_db()


def _check_on(endpoint: Endpoint) -> None:
    if not endpoint.enabled:
        raise EndpointIsOff(endpoint.pk)
