"""What waits to be written, and what becomes of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from audit.acting import Actor
from realtime.events import ErrorCode
from rooms.reading import AnyMessage
from rooms.texts import Refused
from tenants.directory import TenantInfo


@dataclass(slots=True, kw_only=True)
class Work:
    """Something to be written into one room. `id` tells it from everything else that is written."""

    tenant: TenantInfo
    room_id: int
    room_name: str
    id: UUID = field(default_factory=uuid4)


@dataclass(slots=True, kw_only=True)
class Draft(Work):
    """A message; its id becomes the message's."""

    sender_id: int
    sender: str
    username: str
    body: str
    client_id: str | None
    reply_to: UUID | None
    joins: bool
    files: tuple[UUID, ...] = ()


@dataclass(slots=True, kw_only=True)
class Change(Work):
    """A change of a message that is there already."""

    message_id: UUID


@dataclass(slots=True, kw_only=True)
class Edit(Change):
    """Another text."""

    body: str


@dataclass(slots=True, kw_only=True)
class Deletion(Change):
    """Nothing but its place is left. Whoever moderates also tidies an archived room.

    `by` is set where it is somebody else's message: that is kept in the audit, in the same statement.
    """

    moderated: bool = False
    by: Actor | None = None


@dataclass(slots=True, kw_only=True)
class Reaction(Change):
    """One member's emoji, given or taken back."""

    member_id: int
    user: str
    emoji: str
    on: bool


@dataclass(slots=True, kw_only=True)
class ReadMark(Work):
    """How far one member has read. It changes nothing that others must not miss, and so has no `rev`."""

    member_id: int
    user: str
    seq: int


@dataclass(slots=True, frozen=True)
class Written:
    """Where a draft came to stand. `id` differs from the draft's where the client_id was a repeat."""

    draft: Draft
    id: UUID
    seq: int
    rev: int
    created_at: datetime
    # As the message has them; None where it has none.
    files: list[dict[str, Any]] | None = None

    @property
    def is_new(self) -> bool:
        return self.id == self.draft.id


@dataclass(slots=True, frozen=True)
class Changed:
    """A message after a change; `is_new` is False where it was like that before."""

    change: Change
    message: AnyMessage
    is_new: bool


@dataclass(slots=True, frozen=True)
class Marked:
    """How much a member has left to read; `is_new` is False where they had read as far before."""

    mark: ReadMark
    unread: int
    is_new: bool


Done = Written | Changed | Marked
Outcome = Done | Refused


def later(text: str, seconds: float) -> Refused:
    """Not now: the sender may try again after so many seconds."""
    return Refused(ErrorCode.RATE_LIMITED, text, retry_after=seconds)


def unstorable() -> Refused:
    """Not this one, and nobody can say why."""
    return Refused(ErrorCode.INTERNAL_ERROR, "This could not be stored.")


def no_such_message() -> Refused:
    """The room has no message of this id, or has it no longer."""
    return Refused(ErrorCode.NOT_FOUND, "There is no such message in this room.")


class FilesRefused(Refused):
    """`files` names something that cannot be sent with this message."""

    def __init__(self) -> None:
        text = "files names a file that is not its sender's, not for this room, or in a message already."
        super().__init__(ErrorCode.INVALID_FIELD, text)


class MessageDeleted(Refused):
    """Of the message only its place is left."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.NOT_FOUND, "This message was deleted.")


def no_such_room() -> Refused:
    """The room is gone."""
    return Refused(ErrorCode.NOT_FOUND, "There is no such room.")


def archived() -> Refused:
    """Nothing changes in this room any more."""
    return Refused(ErrorCode.ROOM_ARCHIVED, "This room is archived; nobody can write in it.")
