"""Messages. One posted here reaches sockets exactly as one sent by a socket does."""

from typing import Literal

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from api.callers import ApiRequest, KeyOrUser
from api.errors import Problem
from api.idempotency import attempt_of
from api.paging import Cursor, Limit, Page, cursor_at, position_of
from api.shapes import TEXT_OR_FILES, Body, ClientId, MayBeEmpty, MessageId, Said, Sub, Text
from api.speaking import check_sub_allowed, encoded, enter, pace_of, said_of, speaker, told
from moderation.saying import edit_message, post_message
from rooms import reading
from rooms.actions import Posted, delete_message
from rooms.reading import AnyMessage
from rooms.texts import MOST_FILES, message_id_in
from tenants.addresses import address_of
from tenants.context import wait_for

router = Router(tags=["messages"])


class NewMessage(Body):
    model_config = ConfigDict(json_schema_extra=TEXT_OR_FILES)

    message: MayBeEmpty = Field(
        None, description="The text; it may be empty where there are files.", examples=["Hello"]
    )
    sub: Sub | None = Field(None, description="The user who speaks; absent: the key's bot.", examples=["bob"])
    client_id: ClientId | None = Field(None, description="Unique for ever for a sender in a room.")
    reply_to: MessageId | None = Field(None, description="The `message_id` that this answers.")
    files: list[MessageId] | None = Field(
        None,
        description="Ids of files that the same sender uploaded for this room, at most 10. The text may then be empty.",
        json_schema_extra={"maxItems": MOST_FILES, "uniqueItems": True},
    )


class NewText(Said):
    message: Text = Field(None, description="The text.", examples=["Hello again"])


class ReactionOut(Schema):
    emoji: str
    count: int


class FileOfMessage(Schema):
    """A file of a message. `GET /files/{file_id}` has links to it."""

    id: str
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None


class MessageOut(Schema):
    """A message as sockets see it too."""

    message_id: str
    seq: int
    rev: int
    room: str
    message: str
    user_id: str
    username: str
    timestamp: str = Field(description="RFC 3339, UTC.")
    client_id: str | None = None
    reply_to: str | None = None
    edited_at: str | None = None
    files: list[FileOfMessage] | None = Field(None, description="Only where there are any.")
    reactions: list[ReactionOut]


class DeletedMessage(Schema):
    """What is left of a message: its place."""

    message_id: str
    seq: int
    rev: int
    room: str
    deleted: Literal[True]


class MessagePlace(Schema):
    """A message as a key hears of it that may not read messages."""

    message_id: str
    seq: int
    rev: int
    room: str
    client_id: str | None = None
    reactions: list[ReactionOut]


AnyOut = MessageOut | DeletedMessage
Told = MessageOut | MessagePlace | DeletedMessage


@router.get("/rooms/{name}/messages", response=Page[AnyOut], auth=KeyOrUser("messages:read"))
def list_messages(request: ApiRequest, name: str, limit: Limit = 50, cursor: Cursor = None) -> HttpResponse:
    """List messages.

    Newest first.
    """
    before = position_of(cursor)
    page = wait_for(_page, request, name, before, limit)
    newest_first = list(reversed(page.messages))
    more = cursor_at(newest_first[-1].seq) if page.has_more else None
    return encoded({"data": newest_first, "next": more})


@router.post(
    "/rooms/{name}/messages", response={201: MessageOut, 200: Told}, auth=KeyOrUser("messages:write")
)
def create_message(request: ApiRequest, name: str, body: NewMessage) -> HttpResponse:
    """Post a message.

    A repeated client_id is answered with the first message, and 200; a key without the scope `messages:read` does not
    get its text.
    """
    check_sub_allowed(request, body.sub)
    posted = wait_for(_post, request, name, body)
    if posted.created:
        return encoded(posted.message, status=201)
    return encoded(told(request, posted.message))


@router.get("/rooms/{name}/messages/{message_id}", response=AnyOut, auth=KeyOrUser("messages:read"))
def get_message(request: ApiRequest, name: str, message_id: str) -> HttpResponse:
    """Read a message."""
    found = wait_for(_one, request, name, message_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such message in this room.")
    return encoded(found)


@router.patch("/rooms/{name}/messages/{message_id}", response=MessageOut, auth=KeyOrUser("messages:write"))
def patch_message(request: ApiRequest, name: str, message_id: str, body: NewText) -> HttpResponse:
    """Edit a message.

    With a key any message; with a user's token, their own. Counts against the user's rate.
    """
    return encoded(wait_for(_edit, request, name, message_id, body.message))


@router.delete("/rooms/{name}/messages/{message_id}", response=AnyOut, auth=KeyOrUser("messages:write"))
def remove_message(request: ApiRequest, name: str, message_id: str) -> HttpResponse:
    """Delete a message.

    With a key any message; with a user's token their own, and in a room that they moderate anybody's. Its place is left
    and answered. In an archived room only whoever moderates deletes. Deleting it again changes nothing.
    """
    return encoded(wait_for(_delete, request, name, message_id))


async def _page(request: ApiRequest, name: str, before: int | None, limit: int) -> reading.Page:
    room = await enter(request, request.auth, name)
    return await reading.history(request.tenant, room.id, room.name, before=before, after=None, limit=limit)


async def _one(request: ApiRequest, name: str, message_id: str) -> AnyMessage | None:
    room = await enter(request, request.auth, name)
    wanted = message_id_in(message_id)
    return await reading.message(request.tenant, room.id, room.name, wanted) if wanted else None


async def _post(request: ApiRequest, name: str, body: NewMessage) -> Posted:
    room, sender = await speaker(request, name, body.sub)
    with said_of(body.sub, name):
        return await post_message(
            request.tenant,
            room,
            sender,
            body.message,
            client_id=body.client_id,
            reply_to=body.reply_to,
            files=body.files,
            pace=await pace_of(request),
            id_=attempt.message_id if (attempt := attempt_of(request)) else None,
        )


async def _edit(request: ApiRequest, name: str, message_id: str, text: object) -> AnyMessage:
    room, pace = await enter(request, request.auth, name), await pace_of(request)
    edited = await edit_message(request.tenant, room, request.auth, message_id, text, pace=pace)
    return edited.message


async def _delete(request: ApiRequest, name: str, message_id: str) -> AnyMessage:
    room, address = await enter(request, request.auth, name), address_of(request)
    deleted = await delete_message(request.tenant, room, request.auth, message_id, address=address)
    return deleted.message
