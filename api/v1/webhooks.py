"""Webhooks: the tenant's own servers, and what they want to be told."""

from datetime import datetime
from typing import Annotated

from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, WithJsonSchema

from api.callers import ApiRequest, Key
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cut_by_place
from api.shapes import Body, HttpsUrl, Whole
from api.v1.webhook_deliveries import DeliveryOut
from realtime.events import stamp
from webhooks import actions, reading
from webhooks.actions.endpoints import LONGEST_OVERLAP, OVERLAP
from webhooks.models import Endpoint
from webhooks.types import KNOWN, MOST, TYPES

router = Router(tags=["webhooks"])

ENDPOINT = "/webhooks/{webhook_id}"
# Told in the document, checked by whoever keeps webhooks.
Pattern = Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(KNOWN)})]
_URL = Field(
    min_length=1,
    max_length=2000,
    description="https, on the public internet, port 443 or above 1024. Redirects are not followed.",
    examples=["https://shop.example.com/hooks/snug"],
)
_EVENTS = Field(
    min_length=1,
    max_length=MOST,
    description=f"Of {', '.join(TYPES)}; `message.*` stands for all of a kind, `*` for all.",
    examples=[["message.created", "member.*"]],
)


class NewWebhook(Body):
    url: Annotated[HttpsUrl, _URL]
    events: Annotated[list[Pattern], _EVENTS]


class WebhookChanges(Body):
    """What is left out or null stays as it is."""

    url: Annotated[HttpsUrl, _URL] | None = None
    events: Annotated[list[Pattern], _EVENTS] | None = None
    enabled: Annotated[bool, Field(strict=True)] | None = Field(
        None,
        description="While it is false nothing is written for it; what was waiting goes out once it is true again.",
        examples=[True],
    )


class SecretRotation(Body):
    overlap: Annotated[int, Field(strict=True, ge=0, le=LONGEST_OVERLAP), Whole] = Field(
        description="For how many seconds the secret before signs too, up to 7 days.", examples=[OVERLAP]
    )


class WebhookOut(Schema):
    id: str
    url: str
    events: list[str]
    enabled: bool
    disabled_reason: str | None = Field(
        description="`switched_off` by hand, `gone` after an answer 410, `failing` after 24 h without success."
    )
    failing_since: str | None = Field(description="Since when nothing has got through.")
    previous_secret_until: str | None = Field(description="Until when two secrets sign; null where one does.")
    created_at: str

    @classmethod
    def of(cls, endpoint: Endpoint, **more: str) -> "WebhookOut":
        return cls(
            id=endpoint.pk,
            url=endpoint.url,
            events=endpoint.events,
            enabled=endpoint.enabled,
            disabled_reason=None if endpoint.enabled else endpoint.reason,
            failing_since=stamp(endpoint.failing_since) if endpoint.failing_since else None,
            previous_secret_until=_still(endpoint.previous_until),
            created_at=stamp(endpoint.created_at),
            **more,
        )


class NewWebhookOut(WebhookOut):
    secret: str = Field(description="Signs what is sent (Standard Webhooks). Shown this once.")


@router.get("/webhooks", response=Page[WebhookOut], auth=Key("webhooks:read"))
def list_webhooks(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[WebhookOut]:
    """List webhooks.

    The oldest first.
    """
    found, more = cut_by_place(Endpoint.objects.order_by("created_at", "id"), limit, cursor)
    return Page(data=[WebhookOut.of(endpoint) for endpoint in found], next=more)


@router.post("/webhooks", response={201: NewWebhookOut}, auth=Key("webhooks:write"))
def make_webhook(request: ApiRequest, body: NewWebhook) -> tuple[int, WebhookOut]:
    """Make a webhook.

    Events from two seconds later on, at the latest, are sent to it. 422 for an address that is not
    on the public internet, 403 `webhook_limit_reached` where the plan has no more.
    """
    try:
        endpoint, secret = actions.create_endpoint(body.url, body.events, request.tenant.limits)
    except actions.WebhookLimitReached as error:
        raise Problem(403, "webhook_limit_reached", str(error)) from None
    except ValueError as error:
        raise Problem(422, "invalid_field", str(error)) from None
    return 201, NewWebhookOut.of(endpoint, secret=secret)


@router.get(ENDPOINT, response=WebhookOut, auth=Key("webhooks:read"))
def get_webhook(request: ApiRequest, webhook_id: str) -> WebhookOut:
    """Read a webhook."""
    return WebhookOut.of(find_endpoint(webhook_id))


@router.patch(ENDPOINT, response=WebhookOut, auth=Key("webhooks:write"))
def patch_webhook(request: ApiRequest, webhook_id: str, body: WebhookChanges) -> WebhookOut:
    """Change a webhook.

    Its address, its events, and whether it is switched on.
    """
    endpoint = find_endpoint(webhook_id)
    try:
        actions.change_endpoint(endpoint, url=body.url, events=body.events, enabled=body.enabled)
    except ValueError as error:
        raise Problem(422, "invalid_field", str(error)) from None
    return WebhookOut.of(endpoint)


@router.delete(ENDPOINT, response={204: None}, auth=Key("webhooks:write"))
def remove_webhook(request: ApiRequest, webhook_id: str) -> tuple[int, None]:
    """Delete a webhook.

    With its deliveries; what is waiting is not sent.
    """
    if not actions.delete_endpoint(find_endpoint(webhook_id)):
        raise Problem(404, "not_found", "There is no such webhook.")
    return 204, None


@router.post(f"{ENDPOINT}/rotate-secret", response=NewWebhookOut, auth=Key("webhooks:write"))
def rotate_secret(request: ApiRequest, webhook_id: str, body: SecretRotation) -> WebhookOut:
    """Give a webhook another secret.

    During the overlap both sign, so that no delivery is refused while your servers change over.
    """
    endpoint = find_endpoint(webhook_id)
    secret = actions.rotate_secret(endpoint, body.overlap)
    return NewWebhookOut.of(endpoint, secret=secret)


@router.post(f"{ENDPOINT}/test", response={202: DeliveryOut}, auth=Key("webhooks:write"))
def test_webhook(request: ApiRequest, webhook_id: str) -> tuple[int, DeliveryOut]:
    """Send a test.

    An event `webhook.test`, whatever the webhook asked for. What came of it shows in its deliveries. 409 `webhook_off`
    where it is switched off.
    """
    try:
        sent = actions.send_test(find_endpoint(webhook_id))
    except actions.EndpointIsOff:
        raise Problem(409, "webhook_off", "This webhook is switched off. Switch it on first.") from None
    delivery = reading.delivery_of(sent.public_id)
    if delivery is None:
        raise Problem(404, "not_found", "It was deleted just now.")
    return 202, DeliveryOut.of(delivery)


def find_endpoint(webhook_id: str) -> Endpoint:
    """The endpoint. Raises Problem."""
    endpoint = reading.endpoint_of(webhook_id)
    if endpoint is None:
        raise Problem(404, "not_found", "There is no such webhook.")
    return endpoint


def _still(until: datetime | None) -> str | None:
    """A moment that has not passed yet."""
    return stamp(until) if until and until > timezone.now() else None
