"""Looking for what was said in a room, on the room's page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from console.access import StaffRequest
from rooms import search
from rooms.models import Room
from tenants.context import wait_for

MOST: Final = 30


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was found; `piece` is what of it is shown, as HTML."""

    who: str
    at: datetime
    piece: SafeString


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for, and what was found of it."""

    question: str
    said: list[Said] = field(default_factory=list)
    more: bool = False
    too_slow: bool = False


def search_in(request: StaffRequest, room: Room) -> Search:
    """What `?find=` finds in a room that the asker may read."""
    question = request.GET.get("find", "").strip()[: search.LONGEST]
    if not question:
        return Search("")
    terms = search.terms_of(question)
    try:
        found = wait_for(search.find, request.tenant, search.Wanted(terms, [room.pk]), limit=MOST)
    except (search.TooSlow, search.Busy):
        return Search(question, too_slow=True)
    said = [
        Said(
            each.username,
            datetime.fromisoformat(each.timestamp),
            mark_safe(search.highlight(each.message, terms)),  # noqa: S308 - escaped there, but for <mark>
        )
        for each in found.messages
    ]
    return Search(question, said, more=found.next is not None)
