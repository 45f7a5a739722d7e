"""From a text frame to a typed command, or to the error that says what is wrong with it."""

import json
import math
import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from accounts.names import storable
from realtime.events import ErrorCode
from rooms.texts import Refused

Seq = Annotated[int, Meta(ge=0, le=2**62)]


class ChatMessage(Struct, tag_field="type", tag="chat_message"):
    """Say something. The fields are checked where the rules for them live (rooms.texts)."""

    message: Any = None
    client_id: Any = None
    reply_to: Any = None
    files: Any = None


class EditMessage(Struct, tag_field="type", tag="edit_message"):
    """Give a message another text."""

    message_id: Any = None
    message: Any = None


class DeleteMessage(Struct, tag_field="type", tag="delete_message"):
    """Take back what was said; its place is left."""

    message_id: Any = None


class React(Struct, tag_field="type", tag="react"):
    """Give an emoji to a message, or take it back."""

    on: bool
    message_id: Any = None
    emoji: Any = None


class Read(Struct, tag_field="type", tag="read"):
    """Say how far one has read."""

    seq: Seq


class Typing(Struct, tag_field="type", tag="typing"):
    is_typing: bool = False


class History(Struct, tag_field="type", tag="history"):
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class RefreshToken(Struct, tag_field="type", tag="refresh_token"):
    token: Annotated[str, Meta(max_length=4096)]


class Ping(Struct, tag_field="type", tag="ping"):
    pass


class Join(Struct, tag_field="type", tag="join"):
    """Hear a room from now on; with `since`, and `rev`, from where one was last."""

    since: Seq | None = None
    rev: Seq | None = None


class Leave(Struct, tag_field="type", tag="leave"):
    """Hear a room no longer."""


class Echo(Struct, tag_field="type", tag="echo"):
    content: str = ""


# What is said in a room, to whoever may be in it.
IN_ROOM: Final[tuple[type[Struct], ...]] = (
    ChatMessage,
    EditMessage,
    DeleteMessage,
    React,
    Read,
    Typing,
    History,
)
ROOM: Final[tuple[type[Struct], ...]] = (*IN_ROOM, RefreshToken, Ping)
ROOMS: Final[tuple[type[Struct], ...]] = (*ROOM, Join, Leave)
BASIC: Final[tuple[type[Struct], ...]] = (Ping, Echo)

MAX_REF: Final = 64
MOST_DIGITS: Final = 2**53  # what JavaScript still tells apart


class Asked(Struct):
    """A command, as far as it could be understood, and what the frame said beside it: which room it concerns, and what
    its answer should repeat."""

    command: Any = None
    room: object = None
    ref: str | int | None = None
    client_id: str | None = None


class Parser:
    """Decodes the commands that one kind of socket understands."""

    def __init__(self, shapes: tuple[type[Struct], ...]) -> None:
        self._shapes = {str(shape.__struct_config__.tag): shape for shape in shapes}

    def parse(self, text: str) -> Asked:
        """The command. Raises BadFrame."""
        fields = _fields(text)
        asked = _asked(fields)
        kind = fields.get("type")
        if kind is None or kind == "":
            raise BadFrame(ErrorCode.MISSING_TYPE, "A frame needs a type.", asked)
        shape = self._shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            raise BadFrame(ErrorCode.UNKNOWN_TYPE, _unknown(kind), asked)
        if asked.ref is None and fields.get("ref") is not None:
            raise BadFrame(
                ErrorCode.INVALID_FIELD,
                f"ref: a string of 1 to {MAX_REF} characters, or a whole number.",
                asked,
            )
        try:
            asked.command = msgspec.convert(fields, shape)
        except msgspec.ValidationError as error:
            raise BadFrame(ErrorCode.INVALID_FIELD, _sentence(str(error)), asked) from None
        return asked


# Where else a type is understood, the narrowest first.
_HOMES: Final = {
    str(shape.__struct_config__.tag): home
    for home, shapes in (("/ws/", (Join, Leave)), ("/ws/basic/", (Echo,)), ("/ws/chat/ROOM/ and /ws/", ROOM))
    for shape in shapes
}


def _unknown(kind: object) -> str:
    """Why this kind of socket does not know a type."""
    if not isinstance(kind, str):
        return "A type is a string."
    home = _HOMES.get(kind)
    return f"{kind} is for {home}, not for this socket." if home else f"There is no type {_short(kind)}."


class BadFrame(Refused):
    """A frame that could not be understood, with what could be read of it."""

    def __init__(self, code: ErrorCode, message: str, asked: Asked) -> None:
        super().__init__(code, message)
        self.asked = asked


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        raise _second_look(text) from None
    if not isinstance(fields, dict):
        raise _no_object()
    return fields


def _second_look(text: str) -> BadFrame:
    """Why a frame was not decoded. A slower parser takes what it may not hold, so that whoever waits for an answer is
    told which of their commands is refused."""
    try:
        fields = json.loads(text, parse_int=_int, parse_constant=_no_json)
    except RecursionError:
        return BadFrame(ErrorCode.INVALID_JSON, "This frame is nested too deeply.", Asked())
    except ValueError:
        return BadFrame(ErrorCode.INVALID_JSON, "This frame is not JSON.", Asked())
    if not isinstance(fields, dict):
        return _no_object()
    halved = next((name for name, value in fields.items() if not _encodable([name, value])), None)
    if halved is None:
        return BadFrame(ErrorCode.INVALID_FIELD, "A number in this frame is too large.", _asked(fields))
    text = f"{_short(halved)} holds half a character, a lone surrogate, which nothing can store."
    return BadFrame(ErrorCode.INVALID_FIELD, text, _asked(fields))


def _int(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else math.inf  # the time for more grows with their square


def _no_json(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _no_object() -> BadFrame:
    return BadFrame(ErrorCode.INVALID_FRAME, "A frame is a JSON object.", Asked())


def _asked(fields: dict[str, Any]) -> Asked:
    return Asked(None, fields.get("room"), _ref_of(fields), _client_id_of(fields))


def _encodable(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
    return True


def _client_id_of(fields: dict[str, Any]) -> str | None:
    """The client_id that an error should repeat, if the frame had a usable one."""
    client_id: Any = fields.get("client_id")
    usable = isinstance(client_id, str) and 1 <= len(client_id) <= 64 and _encodable(client_id)
    return client_id if usable else None


def _ref_of(fields: dict[str, Any]) -> str | int | None:
    """The ref that the answer should repeat, if the frame had a usable one."""
    match fields.get("ref"):
        case bool():
            return None
        case int(number) if abs(number) <= MOST_DIGITS:
            return number
        case str(text) if 1 <= len(text) <= MAX_REF and storable(text):
            return text
    return None


_MISSING: Final = re.compile(r"Object missing required field (\w+)")
_EXPECTED: Final = re.compile(r"Expected (\w+)(?: \| null)?(?: of length)?(?: ([<>]=) (\d+))?(?:, got .*)?")
_KINDS: Final = {"bool": "true or false", "int": "a whole number", "str": "a string"}
_BOUNDS: Final = {"<=": "at most", ">=": "at least"}


def _sentence(complaint: str) -> str:
    """What msgspec says of a field, for people: "limit must be a whole number of at most 100."."""
    what, _, where = complaint.replace("`", "").partition(" - at $.")
    if missing := _MISSING.fullmatch(what):
        return f"The field {missing[1]} is missing."
    expected = _EXPECTED.fullmatch(what)
    if not where or expected is None or expected[1] not in _KINDS:
        return f"{where}: {what[:1].lower()}{what[1:]}." if where else f"{what}."
    kind, bound, limit = expected.groups()
    unit = " characters" if kind == "str" else ""
    return f"{where} must be {_KINDS[kind]}{f' of {_BOUNDS[bound]} {limit}{unit}' if bound else ''}."


def _short(text: str) -> str:
    return text[:40].encode(errors="replace").decode()
