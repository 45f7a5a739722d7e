"""Everything that is said on a socket: close codes, error codes and frames, each defined once."""

import time
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

SUBPROTOCOL: Final = "snug.v1"
MAX_FRAME_BYTES: Final = 64 * 1024


class CloseCode(IntEnum):
    """Why the server closed a socket; what a client should do about it is in the contract of each code."""

    REPLACED = 1000
    MALFORMED = 4000
    UNAUTHENTICATED = 4001
    TOO_MANY_CONNECTIONS = 4002
    FORBIDDEN = 4003
    NOT_FOUND = 4004
    TOO_SLOW = 4008
    FLOODING = 4029
    SUSPENDED = 4402
    INTERNAL = 4500
    TOO_LARGE = 1009
    BINARY = 1003
    RESTARTING = 1012


class ErrorCode(StrEnum):
    """What was wrong with a frame. The socket lives on."""

    INVALID_JSON = "INVALID_JSON"
    INVALID_FRAME = "INVALID_FRAME"
    MISSING_TYPE = "MISSING_TYPE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    INVALID_FIELD = "INVALID_FIELD"
    EMPTY_MESSAGE = "EMPTY_MESSAGE"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    MESSAGE_TOO_LONG = "MESSAGE_TOO_LONG"
    RATE_LIMITED = "RATE_LIMITED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    MUTED = "MUTED"
    SLOW_MODE = "SLOW_MODE"
    ROOM_ARCHIVED = "ROOM_ARCHIVED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Frame:
    """One encoded frame, made once and written to every socket that should have it."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    @cached_property
    def text(self) -> str:
        return self.payload.decode()

    def answering(self, ref: str | int) -> "Frame":
        """The same for whoever asked, with the `ref` of the command that it answers."""
        return Frame(self.payload[:-1] + b',"ref":' + msgspec.json.encode(ref) + b"}")

    @cached_property
    def wire(self) -> bytes:
        """The frame as RFC 6455 puts it on the wire: one unmasked, uncompressed text frame."""
        size = len(self.payload)
        if size < 126:
            head = bytes((0x81, size))
        elif size < 65536:
            head = bytes((0x81, 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x81, 127)) + size.to_bytes(8, "big")
        return head + self.payload


def frame(body: Struct) -> Frame:
    """Encode a frame's struct."""
    return Frame(msgspec.json.encode(body))


def stamp(moment: datetime | None = None) -> str:
    """RFC 3339, UTC, milliseconds, `Z`. Now, where no moment is given."""
    moment = (moment or datetime.now(UTC)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def unix_now() -> float:
    """Unix seconds."""
    return time.time()


class Reaction(Struct):
    emoji: str
    count: int


class FileRef(Struct, kw_only=True):
    """A file of a message. Where it is to be had, `GET /files/{id}` says, to whoever may."""

    id: str
    name: str
    type: str
    size: int
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class MessageState(Struct, kw_only=True):
    """A message as everyone sees it, on sockets, in history and over REST."""

    message_id: str
    seq: int
    rev: int
    room: str
    message: str
    user_id: str
    username: str
    timestamp: str
    client_id: str | UnsetType = UNSET
    reply_to: str | UnsetType = UNSET
    edited_at: str | UnsetType = UNSET
    files: list[FileRef] | UnsetType = UNSET
    reactions: list[Reaction] = []


class DeletedState(Struct, kw_only=True):
    """What is left of a deleted message: its place."""

    message_id: str
    seq: int
    rev: int
    room: str
    deleted: bool = True


class ChatMessage(MessageState, kw_only=True, tag_field="type", tag="chat_message"):
    """A message, live."""


class MessageEdited(MessageState, kw_only=True, tag_field="type", tag="message_edited"):
    """A message's present state, after an edit, or after changes of which a client may have missed some."""


class MessageDeleted(DeletedState, kw_only=True, tag_field="type", tag="message_deleted"):
    """A message's deletion, live."""


class Reacted(Struct, kw_only=True, tag_field="type", tag="reaction"):
    """Somebody's reaction to a message, given or taken back; `count` is how many have given this one now."""

    message_id: str
    seq: int
    rev: int
    room: str
    emoji: str
    user_id: str
    on: bool
    count: int


def live(message: MessageState | DeletedState) -> ChatMessage | MessageDeleted:
    """A stored message as the frame that announces it to those who have not seen it."""
    fields = msgspec.structs.asdict(message)
    return ChatMessage(**fields) if isinstance(message, MessageState) else MessageDeleted(**fields)


def changed(message: MessageState | DeletedState) -> MessageEdited | MessageDeleted:
    """A stored message as the frame that tells those who have seen it how it stands now."""
    fields = msgspec.structs.asdict(message)
    return MessageEdited(**fields) if isinstance(message, MessageState) else MessageDeleted(**fields)


class UserRef(Struct):
    id: str
    username: str


class LimitsView(Struct):
    """The limits a client should know of."""

    max_message_length: int
    messages_per_10s: int
    connections: int
    connections_per_user: int


class OnlineUsers(Struct, kw_only=True, tag_field="type", tag="online_users"):
    """The first frame of a room: who is here, where the room stands, and what one may do in it.

    `slow_mode` is in seconds, 0 for none; `muted_until` is there while one is muted. `created_at` tells a room from one
    that had its name before: positions (`seq`, `rev`) are those of one of them.
    """

    users: list[UserRef]
    count: int
    room: str
    connection_id: str
    last_seq: int
    last_rev: int
    created_at: str
    limits: LimitsView
    title: str
    archived: bool
    slow_mode: int
    may_moderate: bool
    muted_until: str | UnsetType = UNSET


class RoomUpdated(Struct, kw_only=True, tag_field="type", tag="room_updated"):
    """How the room stands now for whoever hears this: told when something of it changes."""

    room: str
    title: str
    archived: bool
    slow_mode: int
    may_moderate: bool
    muted_until: str | UnsetType = UNSET


class UserJoined(Struct, kw_only=True, tag_field="type", tag="user_joined"):
    room: str
    user_id: str
    username: str
    timestamp: str


class UserLeft(Struct, kw_only=True, tag_field="type", tag="user_left"):
    room: str
    user_id: str
    username: str
    timestamp: str


class Presence(Struct, kw_only=True, tag_field="type", tag="presence"):
    """How many came and went in a room too full to name them one by one; `count` is how many are there now."""

    room: str
    joined: int
    left: int
    count: int


class Left(Struct, kw_only=True, tag_field="type", tag="left"):
    """The socket no longer hears this room."""

    room: str


class Read(Struct, kw_only=True, tag_field="type", tag="read"):
    """Somebody has read up to here."""

    room: str
    user_id: str
    seq: int


class Unread(Struct, kw_only=True, tag_field="type", tag="unread"):
    """How many messages of others the asker has not read yet."""

    room: str
    count: int


class Typing(Struct, kw_only=True, tag_field="type", tag="typing"):
    room: str
    user_id: str
    username: str
    is_typing: bool


class History(Struct, kw_only=True, tag_field="type", tag="history"):
    """A page of a room's past, or what was missed since the socket was last here (`from_resume`)."""

    room: str
    messages: list[MessageState | DeletedState]
    has_more: bool
    oldest_seq: int | UnsetType = UNSET
    changed: list[MessageState | DeletedState] | UnsetType = UNSET
    from_resume: bool | UnsetType = UNSET


class Pong(Struct, kw_only=True, tag_field="type", tag="pong"):
    timestamp: str
    room: str | UnsetType = UNSET


class TokenRefreshed(Struct, kw_only=True, tag_field="type", tag="token_refreshed"):
    """`exp` is in Unix seconds."""

    exp: int
    room: str | UnsetType = UNSET


class ConnectionEstablished(Struct, kw_only=True, tag_field="type", tag="connection_established"):
    message: str
    timestamp: str
    connection_id: str
    user: UserRef | None
    limits: LimitsView | None


class EchoResponse(Struct, kw_only=True, tag_field="type", tag="echo_response"):
    content: str
    timestamp: str


class ErrorDetail(Struct):
    code: str
    message: str
    # Where a code has several, as the API's problems say it: `message_refused`, `blocked` …
    reason: str | UnsetType = UNSET


class Error(Struct, kw_only=True, tag_field="type", tag="error"):
    """A refused frame. `message` repeats the text for clients that look no deeper."""

    error: ErrorDetail
    message: str
    room: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET


def error_body(
    code: ErrorCode,
    message: str,
    *,
    room: str | UnsetType = UNSET,
    client_id: str | None = None,
    retry_after: float | None = None,
    reason: str | None = None,
) -> Error:
    """What an error frame says. `retry_after` is in seconds."""
    return Error(
        error=ErrorDetail(code, message, reason or UNSET),
        message=message,
        room=room,
        client_id=client_id or UNSET,
        retry_after=UNSET if retry_after is None else retry_after,
    )


def error(code: ErrorCode, message: str, *, room: str | UnsetType = UNSET) -> Frame:
    """An error frame that answers no command."""
    return frame(error_body(code, message, room=room))
