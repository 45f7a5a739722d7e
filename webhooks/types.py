"""The events that there are, and which of them an endpoint asked for."""

from collections.abc import Sequence
from typing import Final

# Each with what it tells of, as the reference and the console say it. None is ever renamed.
TYPES: Final[dict[str, str]] = {
    "message.created": "A message was posted",
    "message.edited": "A message has another text",
    "message.deleted": "A message was deleted",
    "message.reported": "Somebody has reported a message",
    "room.created": "A room was made",
    "room.updated": "A room has another title or slow mode, or was archived or opened again",
    "room.deleted": "A room was deleted, with all that was said in it",
    "member.joined": "Somebody became a member of a room",
    "member.left": "Somebody is no longer a member of a room",
    "user.created": "A user of yours was seen for the first time",
    "user.updated": "A user has another name or avatar",
    "user.deleted": "A user was deleted",
    "user.banned": "A user was banned",
    "limit.reached": "A limit of the plan is used up",
    "plan.changed": "The workspace is on another plan",
}
# Sent by hand, to one endpoint, whatever it asked for.
TEST: Final = "webhook.test"
EVERYTHING: Final = "*"
MOST: Final = 50


def patterns_of(type_: str) -> list[str]:
    """What an endpoint may have asked for to be told of this type."""
    return [EVERYTHING, f"{type_.partition('.')[0]}.*", type_]


KNOWN: Final = frozenset(pattern for type_ in TYPES for pattern in patterns_of(type_))


def checked(events: Sequence[str]) -> list[str]:
    """The patterns of an endpoint, each once, in the order given. Raises ValueError with a sentence."""
    wanted = list(dict.fromkeys(events))
    if not wanted:
        raise ValueError("Name at least one event, or * for all.")
    if len(wanted) > MOST:
        raise ValueError(f"At most {MOST} events; * stands for all.")
    if unknown := [pattern[:40] for pattern in wanted if pattern not in KNOWN]:
        raise ValueError(f"There is no event {', '.join(unknown[:3])}.")
    return wanted
