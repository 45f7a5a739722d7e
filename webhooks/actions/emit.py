"""Telling of a change, in the transaction of the change itself."""

from collections.abc import Mapping
from typing import Any

from tenants import bell
from tenants.context import schema_connection
from webhooks.bell import NAME
from webhooks.models import Delivery, Endpoint, Event
from webhooks.types import TYPES, patterns_of


def emit(type_: str, data: Mapping[str, Any], *, room_id: int | None = None) -> None:
    """Owe an event to every endpoint that asked for its type; one query where there is none.

    Call it within the change's transaction. `data` is what receivers get: JSON, the names of the REST API. Events with
    the same `room_id` arrive in the order in which they were written here, so whoever emits them holds the room's lock.
    """
    if type_ not in TYPES:
        raise ValueError(f"there is no event {type_}")
    wanted = Endpoint.objects.filter(enabled=True, events__overlap=patterns_of(type_)).values_list(
        "pk", flat=True
    )
    if ids := list(wanted):
        owe(ids, type_, data, room_id=room_id)


def owe(
    endpoint_ids: list[str], type_: str, data: Mapping[str, Any], *, room_id: int | None = None
) -> list[Delivery]:
    """Write an event, and that these endpoints are to be told of it."""
    event = Event.objects.create(type=type_, room_id=room_id, data=dict(data))
    owed = Delivery.objects.bulk_create(
        Delivery(endpoint_id=id_, event=event, lane=room_id or 0) for id_ in endpoint_ids
    )
    bell.ring(NAME, schema_connection().schema_name)
    return owed
