"""What may be said, before anyone asks a database."""

import re
from typing import Final
from uuid import UUID

from accounts.names import CONTROL, FORMAT, SPACES, storable
from realtime.events import ErrorCode

ROOM_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
MAX_CLIENT_ID: Final = 64
MAX_TITLE: Final = 120
MOST_FILES: Final = 10  # of a message
MAX_EMOJI: Final = 32
# Format characters that hold an emoji of several parts together are let in: the joiner, and the tags of flags. So is
# what this Python's Unicode does not know yet: each year brings new emoji.
_UNSEEN: Final = FORMAT.replace("\u200b-\u200f", "\u200b\u200c\u200e\u200f").removesuffix(
    "\U000e0020-\U000e007f"
)
EMOJI: Final = re.compile(f"[^{CONTROL}{SPACES}{_UNSEEN}]{{1,{MAX_EMOJI}}}")


class Refused(Exception):
    """A command that is not carried out: a code for programs, a sentence for people."""

    reason: str | None = None  # where a code has several: for programs, as the API's problems say it

    def __init__(self, code: ErrorCode, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


class NotLetThrough(Refused):
    """A rule of the workspace, or of whoever blocked whom, is against it; `reason` says which to programs."""

    reason: str

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(ErrorCode.FORBIDDEN, message)
        self.reason = reason


class NotChecked(Refused):
    """Whoever has to agree cannot be asked just now."""

    reason = "message_not_checked"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, message, retry_after=retry_after)


def check_text(text: object, longest: int, *, may_be_empty: bool = False) -> str:
    """A message's text, trimmed. `longest` counts Unicode code points. Raises Refused."""
    if text is None and may_be_empty:
        return ""
    if text is None:
        raise Refused(ErrorCode.EMPTY_MESSAGE, "A message cannot be empty.")
    if not isinstance(text, str):
        raise Refused(ErrorCode.INVALID_FIELD, "message must be a string.")
    if not storable(text):
        raise Refused(ErrorCode.INVALID_FIELD, "message holds characters that cannot be stored.")
    trimmed = text.strip()
    if not trimmed and not may_be_empty:
        raise Refused(ErrorCode.EMPTY_MESSAGE, "A message cannot be empty.")
    if len(trimmed) > longest:
        raise Refused(
            ErrorCode.MESSAGE_TOO_LONG,
            f"This message is {len(trimmed):,} characters; your plan allows {longest:,}.",
        )
    return trimmed


def check_files(files: object) -> tuple[UUID, ...]:
    """The ids of a message's files, in the order given. Raises Refused."""
    if files is None:
        return ()
    if not isinstance(files, list) or len(files) > MOST_FILES:
        raise Refused(ErrorCode.INVALID_FIELD, f"files must be a list of at most {MOST_FILES} ids.")
    ids = [message_id_in(each) for each in files]
    known = tuple(dict.fromkeys(id_ for id_ in ids if id_ is not None))
    if len(known) < len(files):
        raise Refused(ErrorCode.INVALID_FIELD, "files must hold ids of files, each once.")
    return known


def check_client_id(client_id: object) -> str | None:
    """A sender's own name for a message, or None where there is none. Raises Refused."""
    if client_id is None:
        return None
    if not isinstance(client_id, str) or not 1 <= len(client_id) <= MAX_CLIENT_ID or not storable(client_id):
        raise Refused(
            ErrorCode.INVALID_FIELD, f"client_id must be a string of 1 to {MAX_CLIENT_ID} characters."
        )
    return client_id


def check_emoji(emoji: object) -> str:
    """A reaction: an emoji, or a short name for one such as `:tada:`. Raises Refused."""
    if not isinstance(emoji, str) or not EMOJI.fullmatch(emoji) or not storable(emoji):
        raise Refused(
            ErrorCode.INVALID_FIELD, f"emoji must be a string of 1 to {MAX_EMOJI} visible characters."
        )
    return emoji


def check_message_id(message_id: object) -> UUID:
    """A message's id. Raises Refused: INVALID_FIELD where it is no string, NOT_FOUND where it can name no message."""
    if not isinstance(message_id, str):
        raise Refused(ErrorCode.INVALID_FIELD, "message_id must be a string.")
    wanted = message_id_in(message_id)
    if wanted is None:
        raise Refused(ErrorCode.NOT_FOUND, "There is no such message in this room.")
    return wanted


def message_id_in(text: object) -> UUID | None:
    """The message id that `text` is, if it is one: exactly as we write it, for the answers to it say it so too."""
    try:
        wanted = UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return wanted if str(wanted) == text else None


def is_room_name(name: object) -> bool:
    """Whether `name` could be a room's name at all."""
    return isinstance(name, str) and ROOM_NAME.fullmatch(name) is not None
