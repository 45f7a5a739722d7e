"""What may be said, before anyone asks a database."""

import re
from typing import Final

from accounts.names import storable
from realtime.events import ErrorCode

ROOM_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
MAX_CLIENT_ID: Final = 64
MAX_TITLE: Final = 120


class Refused(Exception):
    """A command that is not carried out: a code for programs, a sentence for people."""

    def __init__(self, code: ErrorCode, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


def check_text(text: object, longest: int) -> str:
    """A message's text, trimmed. `longest` counts Unicode code points. Raises Refused."""
    if text is None:
        raise Refused(ErrorCode.EMPTY_MESSAGE, "A message cannot be empty.")
    if not isinstance(text, str) or not storable(text):
        raise Refused(ErrorCode.INVALID_FIELD, "message must be a string of storable characters.")
    trimmed = text.strip()
    if not trimmed:
        raise Refused(ErrorCode.EMPTY_MESSAGE, "A message cannot be empty.")
    if len(trimmed) > longest:
        raise Refused(
            ErrorCode.MESSAGE_TOO_LONG,
            f"This message is {len(trimmed):,} characters; your plan allows {longest:,}.",
        )
    return trimmed


def check_client_id(client_id: object) -> str | None:
    """A sender's own name for a message, or None where there is none. Raises Refused."""
    if client_id is None:
        return None
    if not isinstance(client_id, str) or not 1 <= len(client_id) <= MAX_CLIENT_ID or not storable(client_id):
        raise Refused(
            ErrorCode.INVALID_FIELD, f"client_id must be a string of 1 to {MAX_CLIENT_ID} characters."
        )
    return client_id


def is_room_name(name: object) -> bool:
    """Whether `name` could be a room's name at all."""
    return isinstance(name, str) and ROOM_NAME.fullmatch(name) is not None
