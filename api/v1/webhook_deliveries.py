"""What was sent to a webhook, every attempt, and sending it again."""

from typing import Any, Literal, cast

from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, Key
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cursor_at, cut, position_of
from realtime.events import stamp
from webhooks import reading
from webhooks.actions import EndpointIsOff, replay
from webhooks.courier.sending import body_of
from webhooks.models import Attempt, Delivery

router = Router(tags=["webhooks"])

State = Literal["pending", "delivered", "failed"]


class DeliveryOut(Schema):
    id: str
    webhook: str
    event: str = Field(description="The header `webhook-id`: the same for every attempt and every webhook.")
    type: str
    state: State
    attempts: int = Field(description="Since it was last sent anew.")
    next_attempt_at: str | None = Field(description="Null where none is due any more.")
    created_at: str

    @classmethod
    def of(cls, delivery: Delivery, **more: Any) -> "DeliveryOut":
        pending = delivery.state == Delivery.State.PENDING
        return cls(
            id=delivery.public_id,
            webhook=delivery.endpoint_id,
            event=delivery.event.public_id,
            type=delivery.event.type,
            state=cast(State, delivery.state),
            attempts=delivery.attempts,
            next_attempt_at=stamp(delivery.next_at) if pending else None,
            created_at=stamp(delivery.event.created_at),
            **more,
        )


class Header(Schema):
    name: str
    value: str

    @classmethod
    def each(cls, headers: list[list[str]] | None) -> "list[Header]":
        return [cls(name=name, value=value) for name, value in headers or ()]


class Message(Schema):
    headers: list[Header]
    body: str


class Answer(Message):
    status: int


class AttemptOut(Schema):
    at: str
    milliseconds: int
    url: str
    request: Message
    response: Answer | None = Field(
        description="Headers and body cut to 4 KiB each. Null where no answer came."
    )
    error: str | None

    @classmethod
    def of(cls, attempt: Attempt, body: str) -> "AttemptOut":
        answer = None
        if attempt.status is not None:
            headers = Header.each(attempt.response_headers)
            answer = Answer(status=attempt.status, headers=headers, body=attempt.response_body)
        return cls(
            at=stamp(attempt.at),
            milliseconds=attempt.milliseconds,
            url=attempt.url,
            request=Message(headers=Header.each(attempt.request_headers), body=body),
            response=answer,
            error=attempt.error or None,
        )


class WholeDeliveryOut(DeliveryOut):
    log: list[AttemptOut] = Field(description="Every attempt, the first one first; at most the newest 100.")


@router.get("/webhooks/{webhook_id}/deliveries", response=Page[DeliveryOut], auth=Key("webhooks:read"))
def list_deliveries(
    request: ApiRequest, webhook_id: str, limit: Limit = 50, cursor: Cursor = None, state: State | None = None
) -> Page[DeliveryOut]:
    """List deliveries.

    The newest event first; two weeks are kept.
    """
    endpoint = reading.endpoint_of(webhook_id)
    if endpoint is None:
        raise Problem(404, "not_found", "There is no such webhook.")
    mine = reading.deliveries().filter(endpoint=endpoint)
    if state is not None:
        mine = mine.filter(state=state)
    if (before := position_of(cursor)) is not None:
        mine = mine.filter(event_id__lt=before)
    found, more = cut(mine, limit, lambda delivery: cursor_at(delivery.event_id))
    return Page(data=[DeliveryOut.of(delivery) for delivery in found], next=more)


@router.get("/webhooks/deliveries/{delivery_id}", response=WholeDeliveryOut, auth=Key("webhooks:read"))
def get_delivery(request: ApiRequest, delivery_id: str) -> DeliveryOut:
    """Read a delivery.

    With every attempt: what was sent, what came back.
    """
    delivery = _find(delivery_id)
    event = delivery.event
    body = body_of(event.type, event.created_at, event.data).decode()
    log = [AttemptOut.of(attempt, body) for attempt in reading.attempts_of(delivery)]
    return WholeDeliveryOut.of(delivery, log=log)


@router.post(
    "/webhooks/deliveries/{delivery_id}/replay", response={202: DeliveryOut}, auth=Key("webhooks:write")
)
def replay_delivery(request: ApiRequest, delivery_id: str) -> tuple[int, DeliveryOut]:
    """Send a delivery again.

    Under the same `webhook-id`. It may come after newer ones of its room; one that is still waiting for its next
    attempt is tried now, in its place. 409 `webhook_off` where its webhook is switched off.
    """
    delivery = _find(delivery_id)
    try:
        replay(delivery)
    except EndpointIsOff:
        raise Problem(409, "webhook_off", "This webhook is switched off. Switch it on first.") from None
    return 202, DeliveryOut.of(delivery)


def _find(delivery_id: str) -> Delivery:
    delivery = reading.delivery_of(delivery_id)
    if delivery is None:
        raise Problem(404, "not_found", "There is no such delivery.")
    return delivery
