"""Incoming webhooks: an address that posts into one room, for whatever can send JSON and nothing else."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from api import idempotency
from api.callers import ApiRequest, Key
from api.errors import Problem
from api.idempotency import attempt_of
from api.paging import Cursor, Limit, Page, cut_by_place
from api.rates import count
from api.shapes import Body, ClientId, KeyName, Text
from api.speaking import encoded
from api.v1.messages import MessageOut
from api.v1.rooms import find_room
from incoming import actions, slack
from incoming.models import IncomingWebhook
from moderation.saying import post_message
from realtime.events import stamp
from rooms import access
from rooms.actions import Posted
from tenants.addresses import address_of
from tenants.context import wait_for
from tenants.hosts import tenant_url

router = Router(tags=["incoming webhooks"])

OF_ROOM = "/rooms/{name}/incoming-webhooks"
# Of addresses that are nobody's, from one client: somebody tries some.
MOST_WRONG_A_MINUTE = 30
# Looked at only where there is no text, and then by incoming.slack.
_Objects = Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "object"}})]
_SlackText = Annotated[Any, WithJsonSchema({"type": "string", "pattern": "^[^\\x00]*$"})]


class NewIncoming(Body):
    name: KeyName = Field(
        max_length=actions.MAX_NAME, description="Under which it posts.", examples=["Deploys"]
    )


class IncomingOut(Schema):
    id: str
    room: str
    name: str
    user_id: str = Field(description="Whose its messages are: a bot.")
    created_at: str
    last_used_at: str | None = Field(description="To the minute.")

    @classmethod
    def of(cls, webhook: IncomingWebhook) -> "IncomingOut":
        return cls(**_fields(webhook))


class IncomingWithUrl(IncomingOut):
    secret_url: str | None = Field(
        description="Shown this once. Whoever knows it may post: keep it out of what others can read."
    )


class Incoming(BaseModel):
    """What the address takes. Unknown fields are passed over: what was written for Slack can be pointed here."""

    model_config = ConfigDict(extra="ignore")
    message: Text | None = Field(
        None, description="The text, taken as it is.", examples=["Release 4.2 is out"]
    )
    text: _SlackText | None = Field(
        None,
        description="Where there is no `message`: the text as Slack has it. `&amp;`, `&lt;` and `&gt;` are read, "
        "`<https://x.example|label>` becomes “label (https://x.example)”, `<!channel>` “@channel”.",
    )
    blocks: _Objects | None = Field(
        None,
        description="As Slack's, where `text` is missing or empty: the texts of sections, headers and contexts, a "
        "line each.",
    )
    attachments: _Objects | None = Field(
        None,
        description="As Slack's, likewise, after the blocks: `pretext`, `title` and `text`, or else `fallback`.",
    )
    client_id: ClientId | None = Field(
        None, description="Unique for ever in this webhook: a repeat posts nothing."
    )


@router.get(OF_ROOM, response=Page[IncomingOut], auth=Key("rooms:read"))
def list_incoming_webhooks(
    request: ApiRequest, name: str, limit: Limit = 50, cursor: Cursor = None
) -> Page[IncomingOut]:
    """List a room's incoming webhooks.

    The oldest first. Never their addresses.
    """
    mine = find_room(request, name).incoming_webhooks.select_related("room", "bot")
    found, more = cut_by_place(mine, limit, cursor)
    return Page(data=[IncomingOut.of(webhook) for webhook in found], next=more)


@router.post(OF_ROOM, response={201: IncomingWithUrl}, auth=Key("rooms:write", also="messages:write"))
def make_incoming_webhook(request: ApiRequest, name: str, body: NewIncoming) -> tuple[int, IncomingWithUrl]:
    """Make an incoming webhook.

    Its address is in this answer and nowhere else.
    """
    try:
        room = find_room(request, name)
        webhook, token = actions.create_incoming_webhook(room, body.name, test=request.tenant.is_test)
    except actions.TooMany as refused:
        raise Problem(403, "incoming_webhook_limit_reached", str(refused)) from None
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    url = tenant_url(request.tenant.slug, f"/api/v1/incoming/{token}")
    return 201, IncomingWithUrl(**_fields(webhook), secret_url=url)


@router.delete(
    OF_ROOM + "/{incoming_id}", response={204: None}, auth=Key("rooms:write", also="messages:write")
)
def delete_incoming_webhook(request: ApiRequest, name: str, incoming_id: str) -> tuple[int, None]:
    """Delete an incoming webhook.

    Its address is dead at once; what was said through it stays.
    """
    webhook = find_room(request, name).incoming_webhooks.filter(pk=incoming_id).first()
    if webhook is None:
        raise Problem(404, "not_found", "There is no such incoming webhook in this room.")
    actions.delete_incoming_webhook(webhook)
    return 204, None


@router.post("/incoming/{token}", response={201: MessageOut, 200: MessageOut}, auth=None)
def post_through_webhook(request: ApiRequest, token: str, body: Incoming) -> HttpResponse:
    """Post through an incoming webhook.

    No key is needed: the address is the secret. `message` or `text` is needed, or `blocks` or `attachments` as Slack
    takes them. The same JSON may come as the field `payload` of a form (`application/x-www-form-urlencoded`). A
    repeated client_id is answered with the first message, and 200.
    """
    webhook = actions.find(token)
    if webhook is None:
        count(request, f"incoming:{address_of(request)}", MOST_WRONG_A_MINUTE)
        raise Problem(404, "not_found", "There is no such incoming webhook.")
    count(request, f"incoming:{webhook.pk}", request.tenant.limits.messages_per_10s * 6)
    caller = actions.identity_of(webhook)
    idempotency.begin(request, caller)
    request.auth = caller
    posted = wait_for(_post, request, webhook, body)
    return encoded(posted.message, status=201 if posted.created else 200)


async def _post(request: ApiRequest, webhook: IncomingWebhook, body: Incoming) -> Posted:
    said = _said(body)
    room = await access.enter(request.tenant, request.auth, webhook.room.name)
    attempt = attempt_of(request)
    return await post_message(
        request.tenant,
        room,
        request.auth,
        said,
        client_id=body.client_id,
        id_=attempt.message_id if attempt else None,
    )


def _said(body: Incoming) -> object:
    """What is to be posted. Raises Problem."""
    try:
        said = (
            slack.text_in(body.text, body.blocks, body.attachments) if body.message is None else body.message
        )
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    if isinstance(said, str) and not said.strip():
        raise Problem(
            422, "empty_message", "text or message is needed, or blocks or attachments that say something."
        )
    return said


def _fields(webhook: IncomingWebhook) -> dict[str, Any]:
    used = webhook.last_used_at
    return {
        "id": webhook.pk,
        "room": webhook.room.name,
        "name": webhook.name,
        "user_id": webhook.bot.external_id,
        "created_at": stamp(webhook.created_at),
        "last_used_at": stamp(used) if used else None,
    }
