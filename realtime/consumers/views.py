"""Small parts of frames that several consumers show."""

from realtime.events import LimitsView
from tenants.entitlements import Limits


def limits_view(limits: Limits) -> LimitsView:
    """The limits a client should know of."""
    return LimitsView(
        max_message_length=limits.max_message_length,
        messages_per_10s=limits.messages_per_10s,
        connections=limits.max_connections,
        connections_per_user=limits.connections_per_user,
    )
