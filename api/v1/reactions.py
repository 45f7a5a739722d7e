"""Reactions. One given here reaches sockets exactly as one of theirs does."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from api.callers import ApiRequest, KeyOrUser
from api.errors import Problem
from api.shapes import Body, Emoji, Sub
from api.speaking import check_sub_allowed, encoded, pace_of, said_of, speaker, told
from api.v1.messages import Told
from rooms.actions import react
from rooms.reading import AnyMessage
from tenants.context import wait_for

router = Router(tags=["reactions"])

PATH = "/rooms/{name}/messages/{message_id}/reactions/{path:emoji}"
_SUB = "The user who reacts, made when unknown; absent: the key's bot."


class NewReaction(Body):
    sub: Sub | None = Field(None, description=_SUB, examples=["bob"])


@router.put(PATH, response=Told, auth=KeyOrUser("messages:write"))
def put_reaction(
    request: ApiRequest, name: str, message_id: str, emoji: Emoji, body: NewReaction | None = None
) -> HttpResponse:
    """React to a message.

    With an emoji, or a short name for one such as `:tada:`, percent-encoded. Answers the message, with all its
    reactions counted; a key without the scope `messages:read` gets the reactions and not what was said. Doing it
    again changes nothing.
    """
    return _answer(request, name, message_id, emoji, body.sub if body else None, on=True)


@router.delete(PATH, response=Told, auth=KeyOrUser("messages:write"))
def remove_reaction(
    request: ApiRequest,
    name: str,
    message_id: str,
    emoji: Emoji,
    sub: Annotated[Sub | None, Query(description=_SUB)] = None,
) -> HttpResponse:
    """Take a reaction back."""
    return _answer(request, name, message_id, emoji, sub, on=False)


def _answer(
    request: ApiRequest, name: str, message_id: str, emoji: str, sub: str | None, *, on: bool
) -> HttpResponse:
    check_sub_allowed(request, sub)
    if "/" in emoji:
        raise Problem(422, "invalid_field", "emoji must not hold a slash, nor the address end with one.")
    if "\ufffd" in emoji:  # what the server puts for bytes that are no UTF-8
        raise Problem(422, "invalid_field", "emoji must be UTF-8: part of it could not be read.")
    return encoded(told(request, wait_for(_react, request, name, message_id, emoji, sub, on)))


async def _react(
    request: ApiRequest, name: str, message_id: str, emoji: str, sub: str | None, on: bool
) -> AnyMessage:
    room, who = await speaker(request, name, sub)
    with said_of(sub, name):
        reacted = await react(request.tenant, room, who, message_id, emoji, on, pace=await pace_of(request))
    return reacted.message
