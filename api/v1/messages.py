"""Messages. One posted here reaches sockets exactly as one sent by a socket does."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import Field

from accounts import members, names
from accounts.identity import Identity
from api.callers import ApiRequest, KeyOrUser
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cursor_at, position_of
from realtime.events import ErrorCode
from realtime.hub import hub
from rooms import access, reading
from rooms.actions import Posted, post_message
from rooms.texts import Refused, is_room_name

router = Router(tags=["messages"])


class NewMessage(Schema):
    message: Annotated[Any, Field(description="The text.", examples=["Hello"])] = None
    sub: str | None = Field(None, description="The user who speaks; absent: the key's bot.", examples=["bob"])
    client_id: str | None = Field(
        None, description="1 to 64 characters, unique for ever for a sender in a room."
    )
    reply_to: str | None = Field(None, description="The `message_id` that this answers.")


class ReactionOut(Schema):
    emoji: str
    count: int


class MessageOut(Schema):
    """A message as sockets see it too. Of a deleted one, `deleted` and its place are left."""

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
    reactions: list[ReactionOut]
    deleted: bool | None = None


# What views here return is encoded already, as for sockets: the schemas in `response` only describe it.


@router.get("/rooms/{name}/messages", response=Page[MessageOut], auth=KeyOrUser("messages:read"))
def list_messages(request: ApiRequest, name: str, limit: Limit = 50, cursor: Cursor = None) -> HttpResponse:
    """List messages.

    Newest first.
    """
    before = position_of(cursor)
    page = async_to_sync(_page)(request, name, before, limit)
    newest_first = list(reversed(page.messages))
    more = cursor_at(newest_first[-1].seq) if page.has_more else None
    return _json({"data": newest_first, "next": more})


@router.post(
    "/rooms/{name}/messages", response={201: MessageOut, 200: MessageOut}, auth=KeyOrUser("messages:write")
)
def create_message(request: ApiRequest, name: str, body: NewMessage) -> HttpResponse:
    """Post a message.

    A repeated client_id is answered with the first message, and 200.
    """
    if body.sub is not None and not request.auth.is_bot:
        raise Problem(
            403, "sub_not_allowed", "With a user's token the message is the user's own; leave sub away."
        )
    posted = async_to_sync(_post)(request, name, body)
    return _json(posted.message, status=201 if posted.created else 200)


@router.get("/rooms/{name}/messages/{message_id}", response=MessageOut, auth=KeyOrUser("messages:read"))
def get_message(request: ApiRequest, name: str, message_id: str) -> HttpResponse:
    """Read a message."""
    found = async_to_sync(_one)(request, name, message_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such message in this room.")
    return _json(found)


async def _page(request: ApiRequest, name: str, before: int | None, limit: int) -> reading.Page:
    room = await _room(request, request.auth, name)
    return await reading.history(request.tenant, room.id, room.name, before=before, after=None, limit=limit)


async def _one(request: ApiRequest, name: str, message_id: str) -> reading.AnyMessage | None:
    room = await _room(request, request.auth, name)
    try:
        wanted = UUID(message_id)
    except ValueError:
        return None
    return await reading.message(request.tenant, room.id, room.name, wanted)


async def _post(request: ApiRequest, name: str, body: NewMessage) -> Posted:
    room, sender = await _room(request, request.auth, name), request.auth
    if body.sub is not None:  # only now: a request to a room that is not there makes nobody
        sender = await _user(request, body.sub)
        room = await _room(request, sender, name)
    # A tenant's own server is limited by its API requests; a user's token by the user's rate.
    rate = None if request.auth.is_bot else (await hub()).rates[request.tenant.id, sender.external_id]
    return await post_message(
        request.tenant,
        room,
        sender,
        body.message,
        client_id=body.client_id,
        reply_to=body.reply_to,
        rate=rate,
    )


async def _user(request: ApiRequest, sub: str) -> Identity:
    member = await members.recognise(request.tenant, names.check_sub(sub), "user")
    return member.identified()


async def _room(request: ApiRequest, who: Identity, name: str) -> access.RoomRecord:
    if not is_room_name(name):
        raise Refused(ErrorCode.NOT_FOUND, "There is no such room.")
    return await access.enter(request.tenant, who, name)


def _json(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json")
