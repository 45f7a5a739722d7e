"""Messages on their way into the database, and what becomes of them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from realtime.events import ErrorCode
from rooms.texts import Refused
from tenants.directory import TenantInfo


@dataclass(slots=True, kw_only=True)
class Draft:
    """A message on its way into the database."""

    tenant: TenantInfo
    room_id: int
    room_name: str
    sender_id: int
    sender: str
    username: str
    body: str
    client_id: str | None
    reply_to: UUID | None
    joins: bool
    id: UUID = field(default_factory=uuid4)


@dataclass(slots=True, frozen=True)
class Written:
    """Where a draft came to stand. `id` differs from the draft's where the client_id was a repeat."""

    draft: Draft
    id: UUID
    seq: int
    rev: int
    created_at: datetime

    @property
    def is_new(self) -> bool:
        return self.id == self.draft.id


Outcome = Written | Refused


def later(text: str, seconds: float) -> Refused:
    """Not now: the sender may try again after so many seconds."""
    return Refused(ErrorCode.RATE_LIMITED, text, retry_after=seconds)


def unstorable() -> Refused:
    """Not this message, and nobody can say why."""
    return Refused(ErrorCode.INTERNAL_ERROR, "This message could not be stored.")
