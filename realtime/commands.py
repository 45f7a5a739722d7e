"""From a text frame to a typed command, or to the error that says what is wrong with it."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from realtime.events import ErrorCode
from rooms.texts import Refused

Seq = Annotated[int, Meta(ge=0, le=2**62)]


class ChatMessage(Struct, tag_field="type", tag="chat_message"):
    """Say something. The fields are checked where the rules for them live (rooms.texts)."""

    message: Any = None
    client_id: Any = None
    reply_to: Any = None


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


class Echo(Struct, tag_field="type", tag="echo"):
    content: str = ""


Command = ChatMessage | Typing | History | RefreshToken | Ping | Echo
ROOM: Final[tuple[type[Struct], ...]] = (ChatMessage, Typing, History, RefreshToken, Ping)
BASIC: Final[tuple[type[Struct], ...]] = (Ping, Echo)


class Parser:
    """Decodes the commands that one kind of socket understands."""

    def __init__(self, shapes: tuple[type[Struct], ...]) -> None:
        self._shapes = {str(shape.__struct_config__.tag): shape for shape in shapes}

    def parse(self, text: str) -> tuple[Any, dict[str, Any]]:
        """The command, and the frame's bare fields. Raises Refused; `client_id_of` finds whom it concerns."""
        fields = self._fields(text)
        kind = fields.get("type")
        if kind is None or kind == "":
            raise BadFrame(ErrorCode.MISSING_TYPE, "A frame needs a type.", fields)
        shape = self._shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            raise BadFrame(ErrorCode.UNKNOWN_TYPE, f"Unknown type: {_short(kind)}.", fields)
        try:
            return msgspec.convert(fields, shape), fields
        except msgspec.ValidationError as error:
            raise BadFrame(ErrorCode.INVALID_FIELD, _sentence(str(error)), fields) from None

    def _fields(self, text: str) -> dict[str, Any]:
        try:
            fields = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
            raise BadFrame(ErrorCode.INVALID_JSON, "This frame is not JSON.", {}) from None
        if not isinstance(fields, dict):
            raise BadFrame(ErrorCode.INVALID_FRAME, "A frame is a JSON object.", {})
        return fields


class BadFrame(Refused):
    """A frame that could not be understood, with what could be read of it."""

    def __init__(self, code: ErrorCode, message: str, fields: dict[str, Any]) -> None:
        super().__init__(code, message)
        self.fields = fields


def client_id_of(fields: dict[str, Any]) -> str | None:
    """The client_id that an error should repeat, if the frame had a usable one."""
    client_id = fields.get("client_id")
    return client_id if isinstance(client_id, str) and 1 <= len(client_id) <= 64 else None


def _sentence(complaint: str) -> str:
    """What msgspec says of a field, for people: "limit: expected int <= 100"."""
    what, _, where = complaint.replace("`", "").partition(" - at $.")
    return f"{where}: {what[:1].lower()}{what[1:]}." if where else f"{what}."


def _short(value: object) -> str:
    text = value if isinstance(value, str) else type(value).__name__
    return text[:40].encode(errors="replace").decode()
