"""What is wrong with a request's fields, in our own words."""

from collections.abc import Mapping
from typing import Any, Final

_TEXTS: Final[dict[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this call",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge:,}",
    "less_than_equal": "must be at most {le:,}",
    "string_too_short": "must have at least {min_length:,} character{s}",
    "too_short": "must hold at least {min_length:,} item{s}",
    "too_long": "must hold at most {max_length:,} items",
    "union_tag_not_found": "is missing",
    "union_tag_invalid": "must be {expected}",
    "string_too_long": "must have at most {max_length:,} characters",
}
_OBJECTS: Final = frozenset(["model_type", "model_attributes_type", "dict_type"])
# Which of several shapes a body was taken for: the framework puts it before the field, and nobody sent it.
_SHAPES: Final = frozenset(["word", "link"])
_WHOSE: Final = "Value error, "


def field_of(error: Mapping[str, Any]) -> str:
    """Which field a complaint of the framework's is about; "body" for the whole of it."""
    where = error["loc"][1:]
    if where and error["loc"][0] == "body":
        where = where[1:]  # the name of our own argument
        if len(where) > 1 and where[0] in _SHAPES:
            where = where[1:]
    if "discriminator" in error.get("ctx", {}):
        where = (*where, error["ctx"]["discriminator"].strip("'"))
    return ".".join(str(part) for part in where) or "body"


def sentence(error: Mapping[str, Any]) -> str:
    """What it complains about, as a sentence."""
    field, kind = field_of(error), error["type"]
    if kind in _OBJECTS:
        return "A JSON object is wanted." if field == "body" else f"{field} must be a JSON object."
    known = _TEXTS.get(kind)
    said = known.format(**_figures(error)) if known else str(error["msg"]).removeprefix(_WHOSE)
    return f"{field} {said}." if known else f"{field}: {said}."


def _figures(error: Mapping[str, Any]) -> dict[str, Any]:
    """What a sentence may name."""
    figures = dict(error.get("ctx", {}))
    if "expected_tags" in figures:
        figures["expected"] = figures["expected_tags"].replace(", ", " or ")
    return figures | {"s": "" if figures.get("min_length") == 1 else "s"}
