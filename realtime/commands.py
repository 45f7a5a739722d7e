"""From a text frame to a typed command, or to the error that says what is wrong with it."""

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
        asked = Asked(None, fields.get("room"), _ref_of(fields), _client_id_of(fields))
        kind = fields.get("type")
        if kind is None or kind == "":
            raise BadFrame(ErrorCode.MISSING_TYPE, "A frame needs a type.", asked)
        shape = self._shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            named = f"There is no type {_short(kind)}." if isinstance(kind, str) else "A type is a string."
            raise BadFrame(ErrorCode.UNKNOWN_TYPE, named, asked)
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


class BadFrame(Refused):
    """A frame that could not be understood, with what could be read of it."""

    def __init__(self, code: ErrorCode, message: str, asked: Asked) -> None:
        super().__init__(code, message)
        self.asked = asked


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        raise BadFrame(ErrorCode.INVALID_JSON, "This frame is not JSON.", Asked()) from None
    if not isinstance(fields, dict):
        raise BadFrame(ErrorCode.INVALID_FRAME, "A frame is a JSON object.", Asked())
    return fields


def _client_id_of(fields: dict[str, Any]) -> str | None:
    """The client_id that an error should repeat, if the frame had a usable one."""
    client_id = fields.get("client_id")
    return client_id if isinstance(client_id, str) and 1 <= len(client_id) <= 64 else None


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
