"""What every frame that we send must be, whatever was asked: written out once more, so that the product cannot be its
own witness."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Frame = dict[str, Any]
Check = Callable[[Any], bool]
Fields = dict[str, Check]

CODES = set(
    "INVALID_JSON INVALID_FRAME MISSING_TYPE UNKNOWN_TYPE INVALID_FIELD EMPTY_MESSAGE TOKEN_EXPIRED MESSAGE_TOO_LONG "
    "RATE_LIMITED FORBIDDEN NOT_FOUND MUTED SLOW_MODE ROOM_ARCHIVED".split()
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def text(value: Any) -> bool:
    return isinstance(value, str)


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def boolean(value: Any) -> bool:
    return isinstance(value, bool)


def time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def id_(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 40


def name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,80}", value) is not None


def user(value: Any) -> bool:
    return value is None or (text(value["id"]) and text(value["username"]) and len(value) == 2)


def users(value: Any) -> bool:
    return len(value) <= 100 and all(each is not None and user(each) for each in value)


def limits(value: Any) -> bool:
    known = {"max_message_length", "messages_per_10s", "connections", "connections_per_user"}
    return set(value) == known and all(whole(each) for each in value.values())


def reactions(value: Any) -> bool:
    return all(
        set(each) == {"emoji", "count"} and text(each["emoji"]) and each["count"] >= 1 for each in value
    )


def messages(value: Any) -> bool:
    return all(fits(each, DELETED if "deleted" in each else MESSAGE) for each in value)


PLACE: Fields = {"message_id": id_, "seq": whole, "rev": whole, "room": name}
DELETED: Fields = {**PLACE, "deleted": lambda value: value is True}
MESSAGE: Fields = {
    **PLACE,
    "message": text,
    "user_id": text,
    "username": text,
    "timestamp": time,
    "client_id?": text,
    "reply_to?": id_,
    "edited_at?": time,
    "reactions": reactions,
}
SOMEBODY: Fields = {"room": name, "user_id": text, "username": text}
STANDING: Fields = {
    "title": lambda value: isinstance(value, str),
    "archived": boolean,
    "slow_mode": whole,
    "may_moderate": boolean,
    "muted_until?": time,
}
FRAMES: dict[str, Fields] = {
    "online_users": {
        "users": users,
        "count": whole,
        "room": name,
        "connection_id": text,
        "last_seq": whole,
        "last_rev": whole,
        "created_at": time,
        "limits": limits,
        **STANDING,
    },
    "room_updated": {"room": name, **STANDING},
    "connection_established": {
        "message": text,
        "timestamp": time,
        "connection_id": text,
        "user": user,
        "limits": limits,
    },
    # Just said, it has no reactions; one that was said before comes back with those it has by now.
    "chat_message": {**MESSAGE, "reactions?": reactions},
    "message_edited": MESSAGE,
    "message_deleted": DELETED,
    "reaction": {**PLACE, "emoji": text, "user_id": text, "on": boolean, "count": whole},
    "history": {
        "room": name,
        "messages": messages,
        "has_more": boolean,
        "oldest_seq?": whole,
        "changed?": messages,
        "from_resume?": boolean,
    },
    "typing": {**SOMEBODY, "is_typing": boolean},
    "user_joined": {**SOMEBODY, "timestamp": time},
    "user_left": {**SOMEBODY, "timestamp": time},
    "presence": {"room": name, "joined": whole, "left": whole, "count": whole},
    "read": {"room": name, "user_id": text, "seq": whole},
    "unread": {"room": name, "count": whole},
    "left": {"room": name},
    "pong": {"timestamp": time, "room?": name},
    "token_refreshed": {"exp": whole, "room?": name},
    "echo_response": {"content": text, "timestamp": time},
    "error": {
        "error": lambda value: set(value) == {"code", "message"} and value["code"] in CODES,
        "message": lambda value: text(value) and value.endswith(".") and 10 < len(value) < 300,
        "room?": name,
        "client_id?": text,
        "retry_after?": seconds,
    },
}


def fits(said: Frame, fields: Fields) -> bool:
    """Whether an object has these fields, and no other. A name with "?" may be absent."""
    known = {field.removesuffix("?"): check for field, check in fields.items()}
    needed = {field for field in fields if not field.endswith("?")}
    return needed <= set(said) <= set(known) and all(known[field](value) for field, value in said.items())


def check(frame: Frame, room: str | None) -> None:
    """Assert that this is a frame of ours; `room` is the one room of the socket, None where it has many or none."""
    said = {field: value for field, value in frame.items() if field not in ("type", "ref")}
    assert fits(said, FRAMES[frame["type"]]), frame
    if frame["type"] == "error":
        assert frame["error"]["message"] == frame["message"], frame
    if room is not None:
        assert frame["room"] == room, frame
