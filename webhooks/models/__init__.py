"""One noun a module."""

from webhooks.models.attempt import Attempt
from webhooks.models.delivery import Delivery
from webhooks.models.endpoint import Endpoint
from webhooks.models.event import Event

__all__ = ["Attempt", "Delivery", "Endpoint", "Event"]
