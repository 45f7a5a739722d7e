"""Frames built from the commands themselves, so that a new command is tried without anyone thinking of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.inspect import AnyType, BoolType, IntType, NoneType, StrType, StructType, Type, UnionType

from tests.hostile.anything import TEXTS, VALUES

# What stands for a thing that exists only once the product runs: `filled` puts it in.
MARKS = [
    "<a message>",
    "<another's message>",
    "<a deleted message>",
    "<a message elsewhere>",
    "<A MESSAGE IN CAPITALS>",
]
REFS = st.integers(-(2**53), 2**53) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=64
)
Fields = dict[str, Any]


def tag_of(shape: type[Struct]) -> str:
    """The `type` of the command's frames."""
    return str(shape.__struct_config__.tag)


def frames(shape: type[Struct], rooms: list[str]) -> st.SearchStrategy[Fields]:
    """Frames of a command: right ones, and ones with a field wrong, missing, or too many. `rooms` are named in them,
    where a socket hears several."""
    right = _right(shape, rooms)
    names = [*_fields(shape), "type", "room", "ref", "client_id"]
    return st.one_of(
        right,
        right,
        st.builds(_with, right, st.sampled_from(names), VALUES),
        st.builds(_without, right, st.sampled_from(names)),
        st.builds(lambda fields, more: more | fields, right, st.dictionaries(TEXTS, VALUES, max_size=3)),
    )


def filled(fields: Fields, things: dict[str, str]) -> str:
    """The frame's text, with what its marks stand for."""
    text = json.dumps(fields)
    for mark, thing in things.items():
        text = text.replace(json.dumps(mark), json.dumps(thing))
    return text


def _right(shape: type[Struct], rooms: list[str]) -> st.SearchStrategy[Fields]:
    known = _fields(shape)
    needed = {name: _of(known[name].type) for name in known if known[name].required}
    free = {name: _of(field.type) for name, field in known.items() if not field.required}
    beside: dict[str, st.SearchStrategy[Any]] = {"ref": REFS}
    always = {"type": st.just(tag_of(shape)), **needed}
    if rooms:
        always["room"] = st.sampled_from(rooms)
    return st.fixed_dictionaries(always, optional=free | beside)


def _fields(shape: type[Struct]) -> dict[str, msgspec.inspect.Field]:
    described = msgspec.inspect.type_info(shape)
    assert isinstance(described, StructType)
    return {field.encode_name: field for field in described.fields}


def _of(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a field's type. Where that says nothing, what fields of our commands are made of."""
    match kind:
        case UnionType(types=types):
            return st.one_of(*(_of(each) for each in types))
        case IntType(ge=least, le=most):
            least, most = least or 0, most if most is not None else 2**62
            return st.integers(least, min(most, least + 30)) | st.sampled_from([least, most])
        case BoolType():
            return st.booleans()
        case NoneType():
            return st.none()
        case StrType(max_length=longest):
            return TEXTS | st.just("x" * (longest or 1000))
        case AnyType():
            return st.sampled_from([*MARKS, "👍", ":tada:", "hello", "c1", "c2"]) | TEXTS
    return VALUES


def _with(fields: Fields, name: str, value: Any) -> Fields:
    return fields | {name: value}


def _without(fields: Fields, name: str) -> Fields:
    return {key: value for key, value in fields.items() if key != name}
