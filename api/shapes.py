"""The shapes that calls take, said so exactly that what fits them is accepted, and what does not is refused.

Each text that has rules of its own is checked by whoever owns the rule, who says in a sentence what is wrong; here is
the same rule for the OpenAPI document.
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from accounts.names import CONTROL, FORMAT, MAX_AVATAR, MAX_SUB, SPACES
from rooms.texts import EMOJI, MAX_CLIENT_ID, MAX_EMOJI, MAX_TITLE, ROOM_NAME

# Neither "." nor "..", nor what Snug keeps for itself; something to be seen; no slashes, control characters or bytes
# that were no UTF-8.
_SUB: Final = (
    r"^(?!\.{1,2}$)(?!\s*([Ss][Tt][Aa][Ff][Ff]|[Gg][Uu][Ee][Ss][Tt]|[Bb][Oo][Tt]):)"
    f"(?=.*[^{SPACES}{FORMAT}])[^/{CONTROL}\ufffd]+$"
)
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


# A public server's; where its name leads is looked at besides.
_HTTPS: Final = (
    r"^https://(?![^/]*\.(localhost|local|internal|arpa|onion)([:/]|$))"
    r"([A-Za-z0-9_]([A-Za-z0-9_-]{0,30}[A-Za-z0-9_])?\.){1,4}[A-Za-z]{2,20}(:(443|[2-9][0-9]{3}))?"
    r"(/[!\x22$-\[\]-~]*)?$"
)


class Body(BaseModel):
    """What a call takes: a JSON object, with no field that the call does not know."""

    model_config = ConfigDict(extra="forbid")


class Said(Body):
    """What has a text: a missing one is refused by whoever refuses an empty one, in the same words."""

    model_config = ConfigDict(json_schema_extra={"required": ["message"]})


def _whole(said: object) -> object:
    """JSON knows one kind of number: 30.0 is 30."""
    return int(said) if isinstance(said, float) and said.is_integer() else said


Whole: Final = BeforeValidator(_whole)


def _ascii(said: str) -> str:
    if not (said and said.isascii() and said.isprintable()):
        raise ValueError("must be of ASCII characters that can be seen")
    return said


def _string(**rules: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **rules})


_SEEN: Final = f"^[^\\x00]*[^{SPACES}{FORMAT}{CONTROL}][^\\x00]*$"
# What PostgreSQL can hold.
_STORABLE: Final = r"^[^\x00]*$"

RoomName = Annotated[str, _string(pattern=f"^{ROOM_NAME.pattern}$")]
Sub = Annotated[str, _string(minLength=1, maxLength=MAX_SUB, pattern=_SUB)]
MessageId = Annotated[str, _string(pattern=_UUID)]
ClientId = Annotated[str, _string(minLength=1, maxLength=MAX_CLIENT_ID, pattern=_STORABLE)]
Title = Annotated[str, _string(maxLength=MAX_TITLE, pattern=_STORABLE)]
Name = Annotated[str, _string(pattern=_STORABLE)]
Ascii = Annotated[str, AfterValidator(_ascii), _string(minLength=1, maxLength=128, pattern="^[ -~]+$")]
Reason = Annotated[str, _string(pattern=_STORABLE)]
WordPattern = Annotated[
    str,
    _string(pattern=f"^(?=[^\\x00]*[^{SPACES}{FORMAT}{CONTROL}*])[{SPACES}]*\\*?[^*\\x00]*\\*?[{SPACES}]*$"),
]
SitePattern = Annotated[
    str,
    _string(
        pattern=r"^(\*|(?=.{4,120}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
        r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9])$"
    ),
]
KeyName = Annotated[str, _string(maxLength=80, pattern=_SEEN)]
Emoji = Annotated[str, _string(minLength=1, maxLength=MAX_EMOJI, pattern=f"^(?!.*[/\ufffd]){EMOJI.pattern}$")]
# At least one character that is no space; how many at most depends on the plan.
_TEXT: Final = "^[^\x00]*[^\\s\x00\x1c-\x1f\x85][^\x00]*$"
Text = Annotated[Any, _string(pattern=_TEXT)]
MayBeEmpty = Annotated[Any, _string(pattern=_STORABLE)]
# Of a message that may have files: without any it needs a text.
TEXT_OR_FILES: Final[dict[str, Any]] = {
    "required": ["message"],
    "if": {"not": {"required": ["files"], "properties": {"files": {"type": "array", "minItems": 1}}}},
    "then": {"properties": {"message": {"type": "string", "pattern": _TEXT}}},
}
HttpsUrl = Annotated[str, _string(maxLength=2_000, pattern=_HTTPS)]
Avatar = Annotated[str, _string(maxLength=MAX_AVATAR, pattern=f"^(https://[^{CONTROL}{SPACES}]*)?$")]
