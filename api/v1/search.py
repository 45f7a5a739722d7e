"""Finding messages."""

from collections.abc import Sequence
from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.names import storable
from api.callers import ApiRequest, KeyOrUser
from api.errors import Problem
from api.paging import Limit, Page
from api.search_places import Place, cursor_of, place_of
from api.speaking import encoded, enter
from api.v1.messages import MessageOut
from rooms import access, search
from rooms.models import Room
from tenants.context import wait_for

router = Router(tags=["messages"])

_Words = Annotated[
    str,
    Query(
        min_length=1,
        max_length=search.LONGEST,
        description="Words, all of which a message must have; of the last one the beginning is enough. Neither case "
        "nor accents matter.",
        examples=["late order"],
    ),
]
_Room = Annotated[str | None, Query(description="Only in this room.", examples=["general"])]
_From = Annotated[str | None, Query(alias="from", description="Only what this user said.", examples=["bob"])]


class Hit(Schema):
    message: MessageOut
    highlight: str = Field(
        description="A piece of the message as safe HTML: everything is escaped, and the words that match stand in "
        "`<mark>`.",
        examples=["Where is my <mark>late</mark> <mark>order</mark>?"],
    )


@router.get("/search", response=Page[Hit], auth=KeyOrUser("messages:read"))
def search_messages(
    request: ApiRequest,
    q: _Words,
    room: _Room = None,
    sender: _From = None,
    limit: Limit = 50,
    cursor: Place = None,
) -> HttpResponse:
    """Search messages.

    In the rooms that the caller may enter, as far back as the plan's history goes. The best match first, and of equal
    ones the newest; of more than 10,000 that match, the newest 10,000. What was just said, edited or deleted is
    found, or not, at once. A next page holds nothing that was said after the first was asked for.
    """
    if sender is not None and not storable(sender):
        return encoded({"data": [], "next": None})
    terms = search.terms_of(q)
    wanted = search.Wanted(terms, _rooms(request, room), sender)
    try:
        found = wait_for(search.find, request.tenant, wanted, limit=limit, after=place_of(cursor, terms))
    except search.TooSlow:
        text = "This takes too long to find. Add a rarer word, or name a room."
        raise Problem(503, "search_too_slow", text, retry_after=30) from None
    except search.Busy:
        text = "Too many searches are under way. Try again in a moment."
        raise Problem(503, "search_busy", text, retry_after=2) from None
    hits = [{"message": each, "highlight": search.highlight(each.message, terms)} for each in found.messages]
    return encoded({"data": hits, "next": cursor_of(found.next, terms)})


def _rooms(request: ApiRequest, name: str | None) -> Sequence[int] | None:
    """The rooms to look in; None for all that there are. Raises Problem or Refused."""
    if name is not None:
        return [wait_for(enter, request, request.auth, name).id]
    if request.auth.is_bot:
        return None
    return list(Room.objects.filter(access.open_to(request.auth)).values_list("id", flat=True))
