"""The frames of sockets, field by field."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import UNSET, Struct, UnsetType, structs

from realtime import commands, events

_NAMES: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    Any: "anything",
    types.NoneType: "null",
}


def of_sockets() -> Iterator[str]:
    """A line for each frame that either side sends, and for each field of it."""
    for module, verb in ((commands, "takes"), (events, "says")):
        for struct in vars(module).values():
            config = getattr(struct, "__struct_config__", None)
            if config is not None and config.tag is not None:
                yield f"socket {verb} {config.tag}"
                for field in _fields(struct, verb):
                    yield f"socket {verb} {config.tag} {field}"


def _fields(struct: type[Struct], verb: str, at: str = "") -> Iterator[str]:
    for field in structs.fields(struct):
        kinds = _kinds(field.type)
        need = ""
        if verb == "takes" and not field.required:
            need = ", optional"
        elif field.default is UNSET:
            need = ", sometimes"
        yield f"{at}{field.name}: {' or '.join(sorted({_name(kind) for kind in kinds}))}{need}"
        for kind in kinds:
            inner, within = (get_args(kind)[0], "[]") if get_origin(kind) is list else (kind, "")
            for each in _kinds(inner):
                if isinstance(each, type) and issubclass(each, Struct):
                    yield from _fields(each, verb, f"{at}{field.name}{within}.")


def _kinds(annotation: Any) -> list[Any]:
    """The types of which a value is one."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [each for part in get_args(annotation) if part is not UnsetType for each in _kinds(part)]
    return [annotation]


def _name(kind: Any) -> str:
    return _NAMES.get(get_origin(kind) or kind, "object")
