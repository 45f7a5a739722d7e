"""What comes back. More fields may be added, so read what you know and pass over the rest."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Room(TypedDict):
    name: str
    kind: Literal["public", "private", "direct", "support"]
    title: str
    last_seq: int
    archived: bool
    slow_mode: int
    created_at: str


class Membership(TypedDict):
    external_id: str
    username: str
    role: Literal["member", "moderator"]
    joined_at: str
    muted_until: str | None


class Reaction(TypedDict):
    emoji: str
    count: int


class FileOfMessage(TypedDict):
    """A file of a message. `size` is in bytes; `width` and `height` are a picture's, in pixels."""

    id: str
    name: str
    type: str
    size: int
    width: NotRequired[int]
    height: NotRequired[int]


class Message(TypedDict):
    """Of a deleted one only `message_id`, `seq`, `rev`, `room` and `deleted` are there."""

    message_id: str
    seq: int
    rev: int
    room: str
    message: NotRequired[str]
    user_id: NotRequired[str]
    username: NotRequired[str]
    timestamp: NotRequired[str]
    client_id: NotRequired[str]
    reply_to: NotRequired[str]
    edited_at: NotRequired[str]
    files: NotRequired[list[FileOfMessage]]
    reactions: NotRequired[list[Reaction]]
    deleted: NotRequired[Literal[True]]


class File(TypedDict):
    """`size` is in bytes, `width` and `height` are a picture's, in pixels. The links are good until `expires_at`."""

    id: str
    room: str
    name: str
    type: str
    size: int
    width: NotRequired[int]
    height: NotRequired[int]
    user_id: str
    message_id: NotRequired[str]
    created_at: str
    url: str
    thumbnail_url: NotRequired[str]
    expires_at: str


class Hit(TypedDict):
    """A message that was found. `highlight` is safe HTML: everything is escaped, what matches stands in `<mark>`."""

    message: Message
    highlight: str


class Receipt(TypedDict):
    """Up to which message somebody has read."""

    user_id: str
    username: str
    seq: int
    read_at: str


ReportReason = Literal["spam", "abuse", "illegal", "other"]
ReportState = Literal["open", "resolved", "dismissed"]


class Report(TypedDict):
    """`user_id` is whose message it is. `said`, its text as it was then, is there when reports are listed and
    changed."""

    id: str
    state: ReportState
    reason: ReportReason
    comment: str
    room: str
    message_id: str
    seq: int
    user_id: str
    reported_by: str
    created_at: str
    closed_at: str | None
    closed_by: str | None
    said: NotRequired[str]


class IncomingWebhook(TypedDict):
    """`user_id` is the bot as which it posts. `secret_url` is told once, when it is made: whoever knows it may post.
    It is None where a request was repeated under its `idempotency_key`."""

    id: str
    room: str
    name: str
    user_id: str
    created_at: str
    last_used_at: str | None
    secret_url: NotRequired[str | None]


class Person(TypedDict):
    id: str
    username: str


class Presence(TypedDict):
    room: str
    count: int
    users: list[Person]


class User(TypedDict):
    external_id: str
    username: str
    name: str
    avatar: str
    kind: Literal["user", "guest"]
    created_at: str
    tokens_valid_after: str | None
    banned: bool
    banned_until: str | None
    ban_reason: str | None


class Ticket(TypedDict):
    ticket: str
    exp: int
